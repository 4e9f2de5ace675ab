//! What administrators do, and that nobody else does.

use manent_testkit::TestServer;
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{self, PASSWORD, Person, join, try_sign_in};
use crate::support::reply::Reply;
use crate::support::{Test, database};

async fn send(
    server: &TestServer,
    person: &Person,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> anyhow::Result<Reply> {
    let path = format!("/admin{path}");
    person.send(server, method, &path, body.as_ref()).await
}

async fn id_of(server: &TestServer, person: &Person) -> anyhow::Result<String> {
    let account = person.get(server, "/account").await?.json();
    Ok(account["id"].as_str().unwrap_or_default().to_owned())
}

fn emails(page: &Value) -> Vec<&str> {
    let accounts = page["accounts"].as_array().into_iter().flatten();
    accounts
        .filter_map(|account| account["email"].as_str())
        .collect()
}

#[tokio::test]
async fn accounts_are_listed_page_by_page() -> Test {
    let server = people::server("").await?;
    let admin = join(&server, "b@example.org").await?;
    for email in ["c@example.org", "a@example.org"] {
        people::register(&server, email).await?;
    }
    let first = admin.get(&server, "/admin/accounts?limit=2").await?.json();
    assert_eq!(emails(&first), ["a@example.org", "b@example.org"]);
    let next = first["next"].as_str().unwrap_or_default();
    let second = admin
        .get(&server, &format!("/admin/accounts?limit=2&cursor={next}"))
        .await?
        .json();
    assert_eq!(
        (emails(&second), &second["next"]),
        (vec!["c@example.org"], &json!(null))
    );
    let nonsense = admin
        .get(&server, "/admin/accounts?cursor=nonsense")
        .await?;
    assert_eq!(nonsense.problem(), (400, "invalid_cursor".to_owned()));
    let unknown = admin
        .get(
            &server,
            &format!("/admin/accounts/{}", manent_testkit::new_id()),
        )
        .await?;
    assert_eq!(unknown.problem(), (404, "unknown".to_owned()));
    Ok(())
}

#[tokio::test]
async fn somebody_is_kept_out_let_in_and_given_a_role() -> Test {
    let server = people::server("").await?;
    let admin = join(&server, "admin@example.org").await?;
    let bob = join(&server, "bob@example.org").await?;
    let (own, id) = (id_of(&server, &admin).await?, id_of(&server, &bob).await?);
    let key = bob.key(&server, &["read"]).await?;
    let disabled = send(
        &server,
        &admin,
        Method::POST,
        &format!("/accounts/{id}/disable"),
        None,
    )
    .await?;
    assert_eq!(disabled.json()["disabled"], true, "{disabled:?}");
    assert_eq!(people::refresh(&server, &bob.cookie).await?.status, 401);
    assert_eq!(
        key.get(&server, "/conversations").await?.problem(),
        (403, "account_disabled".to_owned())
    );
    let enabled = send(
        &server,
        &admin,
        Method::POST,
        &format!("/accounts/{id}/enable"),
        None,
    )
    .await?;
    assert_eq!(enabled.json()["disabled"], false);
    let bob = people::sign_in(&server, "bob@example.org").await?;

    let role = |role: &str| Some(json!({"role": role}));
    for wrong in ["NOBODY", "admin", "ADMIN "] {
        let path = format!("/accounts/{id}/role");
        let refused = send(&server, &admin, Method::PUT, &path, role(wrong)).await?;
        let told = (422, "invalid_value".to_owned());
        assert_eq!(refused.problem(), told, "{wrong:?}");
    }
    // The last administrator stays one.
    for (method, path, body) in [
        (Method::PUT, format!("/accounts/{own}/role"), role("USER")),
        (Method::POST, format!("/accounts/{own}/disable"), None),
        (Method::DELETE, format!("/accounts/{own}"), None),
    ] {
        let refused = send(&server, &admin, method, &path, body).await?;
        assert_eq!(
            refused.problem(),
            (409, "account_refused".to_owned()),
            "{path}"
        );
    }
    let promoted = send(
        &server,
        &admin,
        Method::PUT,
        &format!("/accounts/{id}/role"),
        role("ADMIN"),
    )
    .await?;
    assert_eq!(promoted.json()["role"], "ADMIN");
    // At once, without signing in again.
    assert_eq!(bob.get(&server, "/admin/accounts").await?.status, 200);
    let demoted = send(
        &server,
        &bob,
        Method::PUT,
        &format!("/accounts/{own}/role"),
        role("USER"),
    )
    .await?;
    assert_eq!(demoted.status, 200);
    assert_eq!(
        admin.get(&server, "/admin/accounts").await?.problem(),
        (403, "forbidden".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn links_sessions_and_ends_of_others() -> Test {
    let server = people::server("").await?;
    let admin = join(&server, "admin@example.org").await?;
    let bob = join(&server, "bob@example.org").await?;
    let id = id_of(&server, &bob).await?;
    let made = send(
        &server,
        &admin,
        Method::POST,
        &format!("/accounts/{id}/reset-link"),
        None,
    )
    .await?
    .json();
    let link = made["link"].as_str().unwrap_or_default();
    let token = link
        .split_once("/reset-password#token=")
        .unwrap_or_default()
        .1;
    let client = server.client();
    let body = json!({"token": token, "newPassword": "another good password"});
    let reset = Reply::to(client.http().post(client.url("/auth/reset")).json(&body)).await?;
    assert_eq!(reset.status, 204, "{reset:?}");
    let signed_in = try_sign_in(&server, "bob@example.org", "another good password").await?;
    let bob = Person {
        token: signed_in.json()["token"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        cookie: people::cookie(&signed_in),
    };
    let ended = send(
        &server,
        &admin,
        Method::POST,
        &format!("/accounts/{id}/end-sessions"),
        None,
    )
    .await?;
    assert_eq!(ended.json(), json!({"ended": 1}));
    assert_eq!(people::refresh(&server, &bob.cookie).await?.status, 401);
    let deleted = send(
        &server,
        &admin,
        Method::DELETE,
        &format!("/accounts/{id}"),
        None,
    )
    .await?;
    assert_eq!(deleted.status, 204);
    let again = send(
        &server,
        &admin,
        Method::DELETE,
        &format!("/accounts/{id}"),
        None,
    )
    .await?;
    assert_eq!(again.problem(), (404, "unknown".to_owned()));
    Ok(())
}

#[tokio::test]
async fn invitations_are_made_listed_and_taken_back() -> Test {
    let server = people::server("[accounts]\nregistration = \"open\"").await?;
    let admin = join(&server, "admin@example.org").await?;
    let made = send(
        &server,
        &admin,
        Method::POST,
        "/invitations",
        Some(json!({})),
    )
    .await?;
    assert_eq!((made.status, &made.json()["mailed"]), (201, &json!(false)));
    let listed = admin.get(&server, "/admin/invitations").await?.json();
    let one = &listed["invitations"][0];
    assert_eq!(
        (&one["role"], &one["email"]),
        (&json!("USER"), &json!(null))
    );
    let path = format!("/invitations/{}", one["id"].as_str().unwrap_or_default());
    assert_eq!(
        send(&server, &admin, Method::DELETE, &path, None)
            .await?
            .status,
        204
    );
    assert_eq!(
        send(&server, &admin, Method::DELETE, &path, None)
            .await?
            .status,
        404
    );
    let link = made.json()["link"].as_str().unwrap_or_default().to_owned();
    let secret = link
        .split_once("/register#invitation=")
        .unwrap_or_default()
        .1;
    let client = server.client();
    let body =
        json!({"name": "B", "email": "b@example.org", "password": PASSWORD, "invitation": secret});
    let late = Reply::to(client.http().post(client.url("/auth/register")).json(&body)).await?;
    assert_eq!(late.problem(), (422, "invitation_invalid".to_owned()));
    Ok(())
}

#[tokio::test]
async fn the_audit_log_is_read_and_a_changed_entry_is_found() -> Test {
    let server = people::server("").await?;
    let admin = join(&server, "admin@example.org").await?;
    let page = admin.get(&server, "/admin/audit?limit=1").await?.json();
    assert_eq!(page["entries"][0]["kind"], "signed_in", "{page}");
    let older = admin
        .get(&server, &format!("/admin/audit?before={}", page["next"]))
        .await?
        .json();
    assert_eq!(
        (&older["entries"][0]["kind"], &older["next"]),
        (&json!("account_created"), &json!(null))
    );
    let of_kind = admin
        .get(&server, "/admin/audit?kind=account_created")
        .await?
        .json();
    assert_eq!(of_kind["entries"].as_array().map(Vec::len), Some(1));
    let unknown = admin.get(&server, "/admin/audit?kind=nonsense").await?;
    assert_eq!(unknown.problem(), (400, "invalid_query".to_owned()));
    let whole = admin.get(&server, "/admin/audit/verify").await?.json();
    assert_eq!(
        (&whole["whole"], &whole["entries"]),
        (&json!(true), &json!(2))
    );
    let connection = database::open(server.data_dir())?;
    connection.execute_batch(
        "DROP TRIGGER audit_is_never_changed; UPDATE audit SET at = at + 1 WHERE number = 1",
    )?;
    let broken = admin.get(&server, "/admin/audit/verify").await?.json();
    let expected = json!({"whole": false, "entries": null, "hash": null, "broken": {"entry": 1, "reason": "its content was changed"}});
    assert_eq!(broken, expected);
    connection.execute_batch("UPDATE audit SET kind = 'nonsense' WHERE number = 1")?;
    let broken = admin.get(&server, "/admin/audit/verify").await?.json();
    let reason = "its column audit.kind holds a value that cannot be read";
    assert_eq!(broken["broken"], json!({"entry": 1, "reason": reason}));
    let refused = admin.get(&server, "/admin/audit").await?;
    assert_eq!(refused.problem(), (500, "audit_log_damaged".to_owned()));
    let detail = refused.json()["detail"].to_string();
    assert!(
        detail.contains("Entry 1 of the audit log cannot be read"),
        "{detail}"
    );
    let others = admin.get(&server, "/admin/audit?limit=1").await?;
    assert_eq!(others.status, 200);
    Ok(())
}

#[tokio::test]
async fn permissions_of_roles_are_read_and_changed() -> Test {
    let server = people::server("").await?;
    let admin = join(&server, "admin@example.org").await?;
    let listed = admin.get(&server, "/admin/roles").await?.json();
    let names: Vec<_> = listed["roles"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|role| &role["name"])
        .collect();
    assert_eq!(names, [&json!("ADMIN"), &json!("USER")]);
    let change = Some(json!({"permissions": {"BOOKMARKS": {"USE": false}}}));
    let changed = send(&server, &admin, Method::PUT, "/roles/USER", change.clone())
        .await?
        .json();
    assert_eq!(
        (
            &changed["permissions"]["BOOKMARKS"]["USE"],
            &changed["permissions"]["PROMPTS"]["USE"]
        ),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        admin.get(&server, "/admin/roles/USER").await?.json(),
        changed
    );
    for (path, body) in [
        ("/roles/ADMIN", change),
        (
            "/roles/USER",
            Some(json!({"permissions": {"NONSENSE": {"USE": true}}})),
        ),
        (
            "/roles/USER",
            Some(json!({"permissions": {"BOOKMARKS": {"SHARE": true}}})),
        ),
    ] {
        let refused = send(&server, &admin, Method::PUT, path, body).await?;
        assert_eq!(refused.problem(), (422, "invalid_value".to_owned()));
    }
    assert_eq!(admin.get(&server, "/admin/roles/NOBODY").await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn users_and_keys_without_the_scope_are_kept_out() -> Test {
    let server = people::server("").await?;
    let admin = join(&server, "admin@example.org").await?;
    let user = join(&server, "user@example.org").await?;
    let paths = [
        "/admin/accounts",
        "/admin/invitations",
        "/admin/audit",
        "/admin/audit/verify",
        "/admin/roles",
    ];
    let may = admin.key(&server, &["admin"]).await?;
    let may_not = admin.key(&server, &["read", "write", "generate"]).await?;
    for path in paths {
        assert_eq!(
            user.get(&server, path).await?.problem(),
            (403, "forbidden".to_owned()),
            "{path}"
        );
        assert_eq!(
            may_not.get(&server, path).await?.problem(),
            (403, "scope_missing".to_owned()),
            "{path}"
        );
        assert_eq!(may.get(&server, path).await?.status, 200, "{path}");
    }
    Ok(())
}
