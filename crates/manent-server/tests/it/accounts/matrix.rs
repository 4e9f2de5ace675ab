//! Every operation of the API for everybody who may come along.

mod refused;

use std::collections::BTreeMap;

use manent_server::openapi_json;
use manent_testkit::new_id;
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{self, Person, join};
use crate::support::{Test, database};

/// What one needs for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Nothing: for operators, and for those who are about to sign in.
    Nothing,
    /// To be signed in, or a key with this scope.
    Scope(&'static str),
    /// To be signed in; no key will do.
    Session,
    /// To be an administrator who is signed in; no key will do, also none for administration.
    Administrator,
}

/// A row for each operation: what one needs, and a body that would do.
fn table() -> BTreeMap<(String, String), (Needs, Option<Value>)> {
    use Needs::{Administrator, Nothing, Scope, Session};
    let id = new_id();
    let message = json!({"id": new_id(), "conversationId": id, "role": "user", "content": "x"});
    let generate = json!({"messages": [{"role": "user", "content": "x"}]});
    let turn = json!({"conversationId": id, "message": {"content": "x"}, "config": {}});
    let rows = [
        ("get", "/auth/options", Nothing, None),
        ("post", "/auth/register", Nothing, Some(json!({}))),
        ("post", "/auth/sign-in", Nothing, Some(json!({}))),
        ("post", "/auth/second-factor", Nothing, Some(json!({}))),
        ("post", "/auth/refresh", Nothing, None),
        ("post", "/auth/sign-out", Session, None),
        ("post", "/auth/reset/request", Nothing, Some(json!({}))),
        ("post", "/auth/reset", Nothing, Some(json!({}))),
        ("post", "/auth/verify", Nothing, Some(json!({}))),
        ("post", "/auth/verify/resend", Nothing, Some(json!({}))),
        ("patch", "/account", Session, Some(json!({"name": "x"}))),
        (
            "delete",
            "/account",
            Session,
            Some(json!({"password": "x"})),
        ),
        ("get", "/account/two-factor", Session, None),
        ("post", "/account/two-factor", Session, Some(json!({}))),
        (
            "delete",
            "/account/two-factor",
            Session,
            Some(json!({"code": "000000"})),
        ),
        (
            "post",
            "/account/two-factor/confirm",
            Session,
            Some(json!({"code": "000000"})),
        ),
        (
            "post",
            "/account/two-factor/backup-codes",
            Session,
            Some(json!({"code": "000000"})),
        ),
        ("get", "/admin/accounts", Scope("admin"), None),
        ("get", "/admin/accounts/{id}", Scope("admin"), None),
        ("delete", "/admin/accounts/{id}", Scope("admin"), None),
        ("post", "/admin/accounts/{id}/disable", Scope("admin"), None),
        ("post", "/admin/accounts/{id}/enable", Scope("admin"), None),
        (
            "put",
            "/admin/accounts/{id}/role",
            Administrator,
            Some(json!({"role": "USER"})),
        ),
        (
            "post",
            "/admin/accounts/{id}/reset-link",
            Administrator,
            None,
        ),
        (
            "post",
            "/admin/accounts/{id}/end-sessions",
            Scope("admin"),
            None,
        ),
        (
            "delete",
            "/admin/accounts/{id}/two-factor",
            Administrator,
            None,
        ),
        (
            "post",
            "/admin/invitations",
            Scope("admin"),
            Some(json!({})),
        ),
        ("get", "/admin/invitations", Scope("admin"), None),
        ("delete", "/admin/invitations/{id}", Scope("admin"), None),
        ("get", "/admin/audit", Scope("admin"), None),
        ("get", "/admin/audit/verify", Scope("admin"), None),
        ("get", "/admin/roles", Scope("admin"), None),
        ("get", "/admin/roles/{name}", Scope("admin"), None),
        (
            "put",
            "/admin/roles/{name}",
            Scope("admin"),
            Some(json!({"permissions": {}})),
        ),
        ("get", "/account", Scope("read"), None),
        (
            "post",
            "/account/password",
            Session,
            Some(json!({"old": "x", "new": "y"})),
        ),
        ("get", "/account/budget", Scope("read"), None),
        ("get", "/account/sessions", Session, None),
        ("delete", "/account/sessions/{id}", Session, None),
        (
            "post",
            "/keys",
            Session,
            Some(json!({"name": "x", "scopes": ["read"]})),
        ),
        ("get", "/keys", Session, None),
        ("delete", "/keys/{id}", Session, None),
        ("get", "/account/provider-keys", Scope("read"), None),
        (
            "get",
            "/account/provider-keys/{endpoint}",
            Scope("read"),
            None,
        ),
        (
            "put",
            "/account/provider-keys/{endpoint}",
            Scope("write"),
            Some(json!({"apiKey": "x"})),
        ),
        (
            "delete",
            "/account/provider-keys/{endpoint}",
            Scope("write"),
            None,
        ),
        ("get", "/healthz", Nothing, None),
        ("get", "/readyz", Nothing, None),
        ("get", "/metrics", Nothing, None),
        ("get", "/version", Nothing, None),
        ("get", "/models", Scope("read"), None),
        ("get", "/search", Scope("read"), None),
        ("get", "/feed", Scope("read"), None),
        ("get", "/conversations", Scope("read"), None),
        ("get", "/conversation/{id}", Scope("read"), None),
        ("get", "/conversation/{id}/messages", Scope("read"), None),
        ("get", "/message/{id}", Scope("read"), None),
        ("get", "/completion/{runId}", Scope("read"), None),
        ("get", "/completion/{runId}/status", Scope("read"), None),
        ("post", "/completion/{runId}/stop", Scope("generate"), None),
        (
            "post",
            "/completion/generate",
            Scope("generate"),
            Some(generate),
        ),
        ("post", "/turn/start", Scope("generate"), Some(turn)),
        (
            "post",
            "/conversation/create",
            Scope("write"),
            Some(json!({})),
        ),
        (
            "patch",
            "/conversation/{id}",
            Scope("write"),
            Some(json!({"title": "x"})),
        ),
        ("delete", "/conversation/{id}", Scope("write"), None),
        ("post", "/conversation/{id}/restore", Scope("write"), None),
        (
            "post",
            "/message/append",
            Scope("write"),
            Some(json!({"message": message})),
        ),
    ];
    rows.into_iter()
        .map(|(method, path, needs, body)| ((path.to_owned(), method.to_owned()), (needs, body)))
        .collect()
}

/// Every operation of the document.
fn operations() -> anyhow::Result<Vec<(String, String)>> {
    let document: Value = serde_json::from_str(&openapi_json()?)?;
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for method in methods
            .as_object()
            .into_iter()
            .flat_map(|methods| methods.keys())
        {
            operations.push((path.clone(), method.clone()));
        }
    }
    operations.sort();
    Ok(operations)
}

/// The path with an id that nobody has.
fn with_ids(path: &str) -> String {
    path.replace("{id}", &new_id())
        .replace("{runId}", &new_id())
}

#[test]
fn every_operation_has_a_row() -> Test {
    let rows: Vec<_> = table().into_keys().collect();
    assert_eq!(operations()?, rows);
    Ok(())
}

#[tokio::test]
async fn strangers_get_nothing_and_change_nothing() -> Test {
    let server = people::server("").await?;
    join(&server, "ada@example.org").await?;
    let before = database::rows(server.data_dir())?;
    let stranger = Person {
        token: String::new(),
        cookie: String::new(),
    };
    for ((path, method), (needs, body)) in table() {
        if needs == Needs::Nothing {
            continue;
        }
        let method: Method = method.to_uppercase().parse()?;
        let reply = stranger
            .send(&server, method.clone(), &with_ids(&path), body.as_ref())
            .await?;
        assert_eq!(
            reply.problem(),
            (401, "signed_out".to_owned()),
            "{method} {path}"
        );
    }
    assert_eq!(database::rows(server.data_dir())?, before);
    Ok(())
}

#[tokio::test]
async fn a_key_may_only_what_its_scopes_say() -> Test {
    let server = people::server("").await?;
    let person = join(&server, "ada@example.org").await?;
    for scope in ["read", "write", "generate", "admin"] {
        let key = person.key(&server, &[scope]).await?;
        let before = database::rows(server.data_dir())?;
        for ((path, method), (needs, body)) in table() {
            let expected = match needs {
                Needs::Scope(wanted) if wanted != scope => "scope_missing",
                Needs::Administrator if scope != "admin" => "scope_missing",
                Needs::Session | Needs::Administrator => "forbidden",
                _ => continue,
            };
            let method: Method = method.to_uppercase().parse()?;
            let reply = key
                .send(&server, method.clone(), &with_ids(&path), body.as_ref())
                .await?;
            assert_eq!(
                reply.problem(),
                (403, expected.to_owned()),
                "{scope}: {method} {path}"
            );
        }
        assert_eq!(database::rows(server.data_dir())?, before, "{scope}");
    }
    Ok(())
}

#[tokio::test]
async fn somebody_elses_ids_are_answered_like_ids_that_nobody_has() -> Test {
    let server = people::server("").await?;
    let owner = join(&server, "ada@example.org").await?;
    let other = join(&server, "eve@example.org").await?;
    let (conversation, message) = (new_id(), new_id());
    let create = json!({"id": conversation});
    let made = owner
        .send(&server, Method::POST, "/conversation/create", Some(&create))
        .await?;
    assert_eq!(made.status, 201);
    let body =
        json!({"id": message, "conversationId": conversation, "role": "user", "content": "needle"});
    let body = json!({ "message": body });
    let said = owner
        .send(&server, Method::POST, "/message/append", Some(&body))
        .await?;
    assert_eq!(said.status, 200);
    let before = database::rows(server.data_dir())?;
    for ((path, method), (_, body)) in table() {
        let theirs = if path.starts_with("/conversation/{id}") {
            &conversation
        } else if path.starts_with("/message/{id}") {
            &message
        } else {
            continue;
        };
        let method: Method = method.to_uppercase().parse()?;
        let mut answers = Vec::new();
        for id in [theirs, &new_id()] {
            let path = path.replace("{id}", id);
            let reply = other
                .send(&server, method.clone(), &path, body.as_ref())
                .await?;
            assert_eq!(reply.status, 404, "{method} {path}");
            answers.push(reply.whole_problem());
        }
        assert_eq!(answers[0], answers[1], "{method} {path}");
    }
    let found = other.get(&server, "/search?q=needle").await?;
    assert_eq!(found.json()["hits"], json!([]), "{found:?}");
    let listed = other.get(&server, "/conversations").await?;
    assert_eq!(listed.json()["conversations"], json!([]), "{listed:?}");
    assert_eq!(database::rows(server.data_dir())?, before);
    Ok(())
}
