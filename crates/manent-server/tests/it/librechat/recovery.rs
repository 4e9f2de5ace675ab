//! Links that go out by mail.

use serde_json::json;

use super::people::{PASSWORD, join, login, message, post, register, server, sign_in};
use crate::support::Test;
use crate::support::mailbox::Mailbox;

const REQUEST: &str = "/api/auth/requestPasswordReset";

/// A link in the answer would let in whoever asks.
#[tokio::test]
async fn without_mail_nobody_gets_a_link_by_asking() -> Test {
    let server = server("").await?;
    join(&server, "ada@example.org").await?;
    for email in ["ada@example.org", "nobody@example.org"] {
        let reply = post(&server, REQUEST, json!({ "email": email })).await?;
        assert_eq!(message(&reply).0, 403);
        let reply = post(
            &server,
            "/api/user/verify/resend",
            json!({ "email": email }),
        )
        .await?;
        assert_eq!(message(&reply).0, 200);
    }
    assert_eq!(message(&post(&server, REQUEST, json!({})).await?).0, 400);
    Ok(())
}

#[tokio::test]
async fn a_link_that_is_none_does_nothing() -> Test {
    let server = server("").await?;
    join(&server, "ada@example.org").await?;
    let path = "/api/auth/resetPassword";
    let reset = |password: &str, again: &str| json!({"userId": "0", "token": "x", "password": password, "confirm_password": again});
    let good = "another good password";
    for (body, told) in [
        (reset(good, good), "Invalid or expired password reset token"),
        (reset(good, "x"), "The passwords do not match"),
    ] {
        let reply = post(&server, path, body).await?;
        assert_eq!(message(&reply), (400, told.to_owned()));
    }
    assert_eq!(
        message(&post(&server, path, reset("short", "short")).await?).0,
        400
    );
    assert_eq!(message(&post(&server, path, json!({})).await?).0, 400);
    let verify = json!({"email": "ada@example.org", "token": "x"});
    let reply = post(&server, "/api/user/verify", verify).await?;
    assert_eq!(
        message(&reply),
        (
            400,
            "Invalid or expired email verification token".to_owned()
        )
    );
    Ok(())
}

#[tokio::test]
async fn an_address_is_verified_and_a_password_reset_by_mail() -> Test {
    let mut mailbox = Mailbox::start().await?;
    let server = server(&mailbox.configuration()).await?;
    register(&server, "ada@example.org").await?;
    let mail = mailbox.next().await?;
    let early = login(&server, "ada@example.org", PASSWORD).await?;
    assert_eq!(message(&early), (422, "Email not verified.".to_owned()));
    let token = mail.secret("/verify-email#token=");
    let verify = json!({"email": "ada@example.org", "token": token});
    let verified = post(&server, "/api/user/verify", verify).await?;
    let told = json!({"message": "Email verification was successful", "status": "success"});
    assert_eq!((verified.status, verified.json()), (200, told));
    let ada = sign_in(&server, "ada@example.org").await?;

    let asked = post(&server, REQUEST, json!({"email": "ada@example.org"})).await?;
    let unknown = post(&server, REQUEST, json!({"email": "nobody@example.org"})).await?;
    assert_eq!(
        (message(&asked).0, message(&asked)),
        (200, message(&unknown))
    );
    let mail = mailbox.next().await?;
    assert_eq!(mail.to, "ada@example.org");
    let new = "another good password";
    let token = mail.secret("/reset-password#token=");
    let reset = json!({"userId": "0", "token": token, "password": new, "confirm_password": new});
    let path = "/api/auth/resetPassword";
    let done = post(&server, path, reset.clone()).await?;
    assert_eq!(
        message(&done),
        (200, "Password reset was successful".to_owned())
    );
    assert_eq!(
        post(&server, path, reset).await?.status,
        400,
        "it works once"
    );
    assert_eq!(ada.get(&server, "/api/user").await?.status, 401);
    assert_eq!(
        login(&server, "ada@example.org", PASSWORD).await?.status,
        404
    );
    assert_eq!(login(&server, "ada@example.org", new).await?.status, 200);
    Ok(())
}
