//! One's own account.

use reqwest::Method;
use serde_json::{Value, json};

use super::people::{PASSWORD, cookies, join, login, message, register, server};
use crate::support::Test;

#[tokio::test]
async fn the_terms_are_accepted_once_and_that_is_kept() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let before = ada.get(&server, "/api/user/terms").await?;
    let not_yet = json!({"termsAccepted": false, "termsAcceptedAt": null});
    assert_eq!((before.status, before.json()), (200, not_yet));
    let accepted = ada
        .post(&server, "/api/user/terms/accept", json!({}))
        .await?;
    let body = accepted.json();
    assert_eq!(
        (accepted.status, &body["message"]),
        (200, &json!("Terms accepted successfully"))
    );
    let after = ada.get(&server, "/api/user/terms").await?.json();
    assert_eq!(
        after,
        json!({"termsAccepted": true, "termsAcceptedAt": body["termsAcceptedAt"]})
    );
    assert_eq!(
        ada.get(&server, "/api/user").await?.json()["termsAccepted"],
        true
    );
    Ok(())
}

#[tokio::test]
async fn whoever_deletes_the_account_is_gone() -> Test {
    let server = server("").await?;
    let root = join(&server, "root@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    let refused = root
        .send(&server, Method::DELETE, "/api/user/delete", None)
        .await?;
    assert_eq!(refused.status, 409, "somebody must administer: {refused:?}");
    let deleted = eve
        .send(
            &server,
            Method::DELETE,
            "/api/user/delete",
            Some(&json!({})),
        )
        .await?;
    assert_eq!(message(&deleted), (200, "User deleted".to_owned()));
    assert_eq!(cookies(&deleted).len(), 5);
    assert_eq!(eve.get(&server, "/api/user").await?.status, 401);
    let refresh = super::people::refresh(&server, "/api/auth/refresh", &eve.cookie).await?;
    assert_eq!(refresh.status, 401);
    assert_eq!(
        login(&server, "eve@example.org", PASSWORD).await?.status,
        404
    );
    assert_eq!(register(&server, "eve@example.org").await?.status, 200);
    assert_eq!(root.get(&server, "/api/user").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn what_is_not_kept_is_not_said_to_be() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let preferences = json!({"statefulCodeEnvironment": "on"});
    let reply = ada
        .send(
            &server,
            Method::PATCH,
            "/api/user/preferences",
            Some(&preferences),
        )
        .await?;
    assert_eq!(message(&reply).0, 403);
    let install = json!({"pluginKey": "x", "action": "install", "auth": {"KEY": "secret"}});
    assert_eq!(
        message(&ada.post(&server, "/api/user/plugins", install).await?).0,
        404
    );
    let uninstall = json!({"pluginKey": "x", "action": "uninstall", "auth": Value::Null});
    assert_eq!(
        ada.post(&server, "/api/user/plugins", uninstall)
            .await?
            .status,
        200
    );
    Ok(())
}
