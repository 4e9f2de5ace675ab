//! Every route of LibreChat's API for everybody who may come along. A route without a row fails the first test.
//!
//! Rows are kept with what they belong to: a new part of the API adds a function like [`accounts`] and is added to [`table`].

use std::collections::BTreeMap;

use manent_accounts::account::AccountProvider;
use manent_accounts::ports::{AccessClaims, TokenMinter};
use manent_credentials::Tokens;
use manent_credentials::server_secret::ServerSecrets;
use manent_domain::ports::Clock;
use manent_server::{SystemClock, librechat_routes};
use manent_testkit::TestServer;
use manent_types::{SessionId, Timestamp, UserId};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::people::{Person, join, message, server, sign_in};
use crate::support::{Test, database};

/// The server's secret, so that a test can make a token that has expired.
const SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A conversation, and the message in it, of the first person.
const SOMEBODYS: &str = "0199c0de-0000-7000-8000-00000000dead";

/// Who may do it.
#[derive(Debug, Clone, Copy)]
enum Needs {
    /// Anybody. Who sends what the row has gets this status.
    Nobody(u16),
    /// Somebody who signed in, or a key with this scope. Who does gets this status.
    Scope(&'static str, u16),
    /// Somebody who signed in, or a key that may both generate and write. Who does gets this status.
    Scopes(u16),
    /// Somebody who signed in; no key will do.
    Session(u16),
    /// An administrator who signed in, or an administrator's key with the scope `admin`.
    Administrator(u16),
}

/// One route: what it needs and a body to send.
type Row = (&'static str, &'static str, Needs, Option<Value>);

/// What is about accounts.
fn accounts() -> Vec<Row> {
    use Needs::{Administrator, Nobody, Scope, Session};
    let code = || Some(json!({"token": "000000"}));
    vec![
        ("POST", "/api/auth/register", Nobody(404), Some(json!({}))),
        ("POST", "/api/auth/login", Nobody(404), Some(json!({}))),
        ("POST", "/api/auth/refresh", Nobody(200), None),
        ("POST", "/api/auth/logout", Session(200), None),
        (
            "POST",
            "/api/auth/requestPasswordReset",
            Nobody(400),
            Some(json!({})),
        ),
        (
            "POST",
            "/api/auth/resetPassword",
            Nobody(400),
            Some(json!({})),
        ),
        ("GET", "/api/auth/2fa/enable", Session(200), None),
        ("POST", "/api/auth/2fa/enable", Session(200), None),
        ("POST", "/api/auth/2fa/verify", Session(400), code()),
        ("POST", "/api/auth/2fa/confirm", Session(400), code()),
        ("POST", "/api/auth/2fa/disable", Session(400), code()),
        (
            "POST",
            "/api/auth/2fa/backup/regenerate",
            Session(400),
            code(),
        ),
        (
            "POST",
            "/api/auth/2fa/verify-temp",
            Nobody(400),
            Some(json!({})),
        ),
        ("GET", "/api/user", Scope("read", 200), None),
        ("POST", "/api/user/verify", Nobody(400), Some(json!({}))),
        (
            "POST",
            "/api/user/verify/resend",
            Nobody(400),
            Some(json!({})),
        ),
        ("DELETE", "/api/user/delete", Session(200), None),
        (
            "PATCH",
            "/api/user/preferences",
            Scope("write", 403),
            Some(json!({})),
        ),
        (
            "POST",
            "/api/user/plugins",
            Scope("write", 200),
            Some(json!({"action": "uninstall"})),
        ),
        ("GET", "/api/user/terms", Scope("read", 200), None),
        ("POST", "/api/user/terms/accept", Session(200), None),
        ("GET", "/api/roles/{name}", Scope("read", 200), None),
        (
            "PUT",
            "/api/roles/{name}/{part}",
            Administrator(200),
            Some(json!({"USE": true})),
        ),
        (
            "PUT",
            "/api/keys",
            Scope("write", 201),
            Some(json!({"name": "own", "value": "sk-other"})),
        ),
        ("GET", "/api/keys", Scope("read", 200), None),
        ("DELETE", "/api/keys", Scope("write", 400), None),
        ("DELETE", "/api/keys/{name}", Scope("write", 204), None),
    ]
}

/// Generations, and what the client reads of them.
fn chat() -> Vec<Row> {
    use Needs::Scope;
    vec![
        // Whoever generates writes, too; see the test of keys.
        (
            "POST",
            "/api/agents/chat",
            Needs::Scopes(400),
            Some(json!({})),
        ),
        (
            "POST",
            "/api/agents/chat/{endpoint}",
            Needs::Scopes(400),
            Some(json!({})),
        ),
        (
            "GET",
            "/api/agents/chat/stream/{id}",
            Scope("read", 404),
            None,
        ),
        (
            "GET",
            "/api/agents/chat/status/{id}",
            Scope("read", 200),
            None,
        ),
        ("GET", "/api/agents/chat/active", Scope("read", 200), None),
        (
            "POST",
            "/api/agents/chat/abort",
            Scope("generate", 404),
            Some(json!({})),
        ),
        (
            "POST",
            "/api/agents/chat/steer",
            Needs::Scopes(409),
            Some(json!({})),
        ),
        (
            "POST",
            "/api/agents/chat/resume",
            Scope("generate", 404),
            Some(json!({})),
        ),
        ("GET", "/api/convos", Scope("read", 200), None),
        (
            "GET",
            "/api/convos/gen_title/{id}",
            Scope("read", 404),
            None,
        ),
        ("GET", "/api/convos/{id}", Scope("read", 404), None),
        ("GET", "/api/messages/{id}", Scope("read", 404), None),
    ]
}

/// Conversations and messages. The conversation of an address is another person's.
fn conversations() -> Vec<Row> {
    use Needs::Scope;
    let write = |method: &'static str, path: &'static str, status, body: Value| {
        (method, path, Scope("write", status), Some(body))
    };
    let named = |more: &str, value: Value| {
        let mut argument = json!({ "conversationId": SOMEBODYS });
        argument[more] = value;
        json!({ "arg": argument })
    };
    let fork = json!({"conversationId": SOMEBODYS, "messageId": SOMEBODYS});
    let artifact = json!({"index": 0, "original": "a", "updated": "b"});
    let branch = json!({"messageId": SOMEBODYS, "agentId": "a"});
    let empty = || json!({});
    vec![
        write(
            "POST",
            "/api/convos/update",
            404,
            named("title", "T".into()),
        ),
        write(
            "POST",
            "/api/convos/archive",
            404,
            named("isArchived", true.into()),
        ),
        write("POST", "/api/convos/archive/all", 200, empty()),
        write("POST", "/api/convos/pin", 404, named("pinned", true.into())),
        write("POST", "/api/convos/fork", 404, fork.clone()),
        write("POST", "/api/convos/duplicate", 404, fork),
        write("POST", "/api/convos/import", 415, empty()),
        write(
            "DELETE",
            "/api/convos",
            404,
            named("source", "button".into()),
        ),
        write("DELETE", "/api/convos/all", 201, empty()),
        ("GET", "/api/messages", Scope("read", 200), None),
        write("POST", "/api/messages/branch", 404, branch),
        write("POST", "/api/messages/artifact/{message}", 404, artifact),
        write("POST", "/api/messages/{id}", 404, json!({"text": "T"})),
        (
            "GET",
            "/api/messages/{id}/{message}",
            Scope("read", 404),
            None,
        ),
        write(
            "PUT",
            "/api/messages/{id}/{message}",
            404,
            json!({"text": "T"}),
        ),
        write("DELETE", "/api/messages/{id}/{message}", 404, empty()),
        write("PUT", "/api/messages/{id}/{message}/feedback", 404, empty()),
    ]
}

/// What the client asks for before it draws anything.
fn boot() -> Vec<Row> {
    let open = ["/api/config", "/api/banner"];
    let open = open.map(|path| ("GET", path, Needs::Nobody(200), None));
    let guarded = [
        ("/api/agents", 200),
        ("/api/agents/actions", 200),
        ("/api/agents/categories", 200),
        ("/api/agents/tools", 200),
        ("/api/agents/tools/calls", 200),
        ("/api/agents/tools/web_search/auth", 200),
        ("/api/api-keys", 200),
        ("/api/balance", 204),
        ("/api/categories", 200),
        ("/api/endpoints", 200),
        ("/api/endpoints/token-config", 200),
        ("/api/files/config", 200),
        ("/api/files/speech/config/get", 200),
        ("/api/mcp/connection/status", 200),
        ("/api/mcp/servers", 200),
        ("/api/mcp/tools", 200),
        ("/api/memories", 200),
        ("/api/models", 200),
        ("/api/permissions/{kind}/effective/all", 200),
        ("/api/search/enable", 200),
        ("/api/skills", 200),
        ("/api/user/settings/skills/active", 200),
    ];
    let guarded = guarded.map(|(path, status)| ("GET", path, Needs::Scope("read", status), None));
    open.into_iter().chain(guarded).collect()
}

/// What people keep beside conversations.
fn personal() -> Vec<Row> {
    use Needs::{Nobody, Scope};
    let read = |path: &'static str, status| ("GET", path, Scope("read", status), None);
    let write = |method: &'static str, path: &'static str, status, body: Value| {
        (method, path, Scope("write", status), Some(body))
    };
    let open = |path: &'static str| ("GET", path, Nobody(404), None);
    let empty = || json!({});
    vec![
        read("/api/user/settings/favorites", 200),
        write("POST", "/api/user/settings/favorites", 400, empty()),
        read("/api/user/settings/favorites/tools", 200),
        write(
            "PUT",
            "/api/user/settings/favorites/tools/{kind}/{id}",
            200,
            empty(),
        ),
        write(
            "DELETE",
            "/api/user/settings/favorites/tools/{kind}/{id}",
            200,
            empty(),
        ),
        read("/api/tags", 200),
        write("POST", "/api/tags", 400, empty()),
        write("PUT", "/api/tags/{tag}", 404, empty()),
        write("DELETE", "/api/tags/{tag}", 404, empty()),
        write("PUT", "/api/tags/convo/{id}", 404, json!({"tags": []})),
        read("/api/presets", 200),
        write("POST", "/api/presets", 201, json!({"title": "T"})),
        write("POST", "/api/presets/delete", 201, empty()),
        read("/api/projects", 200),
        write("POST", "/api/projects", 400, empty()),
        read("/api/projects/{id}", 404),
        write("PATCH", "/api/projects/{id}", 404, empty()),
        write("DELETE", "/api/projects/{id}", 404, empty()),
        write("PUT", "/api/projects/conversations/{id}", 404, empty()),
        read("/api/share", 200),
        open("/api/share/{id}/config"),
        open("/api/share/{id}"),
        open("/api/share/{id}/files/{file}"),
        open("/api/share/{id}/files/{file}/download"),
        open("/api/share/{id}/files/{file}/preview"),
        read("/api/share/link/{id}", 200),
        write("POST", "/api/share/{id}", 404, empty()),
        write("PATCH", "/api/share/{id}", 404, empty()),
        write("DELETE", "/api/share/{id}", 404, empty()),
        read("/api/prompts/groups", 200),
        read("/api/prompts/all", 200),
        read("/api/prompts/groups/{id}", 404),
        write("PATCH", "/api/prompts/groups/{id}", 404, empty()),
        write("DELETE", "/api/prompts/groups/{id}", 404, empty()),
        write("POST", "/api/prompts/groups/{id}/prompts", 404, empty()),
        write("POST", "/api/prompts/groups/{id}/use", 404, empty()),
        read("/api/prompts", 200),
        write("POST", "/api/prompts", 400, empty()),
        read("/api/prompts/{id}", 404),
        write("DELETE", "/api/prompts/{id}", 400, empty()),
        write("PATCH", "/api/prompts/{id}/tags/production", 404, empty()),
        read("/api/permissions/promptGroup/{id}/effective", 404),
    ]
}

/// Every row.
fn table() -> Vec<Row> {
    [accounts(), boot(), chat(), conversations(), personal()]
        .into_iter()
        .flatten()
        .collect()
}

/// The path with names that are there, for everybody the same.
fn with_names(path: &str) -> String {
    match path {
        "/api/roles/{name}" => "/api/roles/USER".to_owned(),
        "/api/roles/{name}/{part}" => "/api/roles/USER/prompts".to_owned(),
        "/api/keys" => "/api/keys?name=own".to_owned(),
        other => other
            .replace("{name}", "own")
            .replace("{endpoint}", "own")
            .replace("{kind}", "mcp")
            .replace("{tag}", "own")
            .replace("{file}", "own")
            .replace("{message}", SOMEBODYS)
            .replace("{id}", SOMEBODYS),
    }
}

/// A conversation of somebody's, with a message.
async fn seed(server: &TestServer, person: &Person) -> anyhow::Result<()> {
    let conversation = json!({"id": SOMEBODYS, "title": "Mine"});
    let made = person
        .post(server, "/conversation/create", conversation)
        .await?;
    let message =
        json!({"id": SOMEBODYS, "conversationId": SOMEBODYS, "role": "user", "content": "Mine"});
    let body = json!({ "messages": [message] });
    let stored = person.post(server, "/message/append", body).await?;
    anyhow::ensure!(
        made.status < 300 && stored.status == 200,
        "{made:?} {stored:?}"
    );
    Ok(())
}

async fn send(
    server: &TestServer,
    person: &Person,
    row: &Row,
) -> anyhow::Result<crate::support::reply::Reply> {
    let (method, path, _, body) = row;
    let method: Method = method.parse()?;
    person
        .send(server, method, &with_names(path), body.as_ref())
        .await
}

/// A server with a provider to which people bring their keys.
async fn with_provider() -> anyhow::Result<TestServer> {
    server(&format!(
        "[accounts]\nsecret = \"{SECRET}\"\n[[providers]]\nid = \"own\"\nkind = \"openai\"\napi_key = \"user_provided\"\n"
    ))
    .await
}

/// Everything that is stored about accounts, and what people own.
fn stored(server: &TestServer) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let connection = database::open(server.data_dir())?;
    let mut tables = connection.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%search%' AND name NOT LIKE 'sqlite_%'",
    )?;
    let names: Vec<String> = tables
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut stored = BTreeMap::new();
    for name in names {
        let mut statement = connection.prepare(&format!("SELECT * FROM {name}"))?;
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let values =
                (0..columns).map(|index| row.get_ref(index).map(|value| format!("{value:?}")));
            values.collect::<Result<Vec<_>, _>>()
        })?;
        let mut rows: Vec<String> = rows
            .map(|row| row.map(|row| row.join(" ")))
            .collect::<Result<_, _>>()?;
        rows.sort();
        stored.insert(name, rows);
    }
    assert!(
        stored.contains_key("accounts") && stored.contains_key("provider_keys"),
        "{:?}",
        stored.keys()
    );
    Ok(stored)
}

#[test]
fn every_route_has_a_row() {
    let mut rows: Vec<(&str, String)> = table()
        .into_iter()
        .map(|(method, path, ..)| (method, path.to_owned()))
        .collect();
    let mut routes = librechat_routes();
    rows.sort();
    routes.sort();
    assert_eq!(routes, rows);
}

/// Nobody, a person whose token expired, one whose sign-in ended, one who is disabled, and a forger.
#[tokio::test]
async fn whoever_is_not_let_in_gets_nothing_and_changes_nothing() -> Test {
    let server = with_provider().await?;
    let root = join(&server, "root@example.org").await?;
    let body = json!({"name": "own", "value": "sk-root"});
    root.send(&server, Method::PUT, "/api/keys", Some(&body))
        .await?;
    let signed_out = sign_in(&server, "root@example.org").await?;
    signed_out
        .post(&server, "/api/auth/logout", json!({}))
        .await?;
    let disabled = join(&server, "disabled@example.org").await?;
    let disable = "UPDATE accounts SET status = 'disabled' WHERE email = 'disabled@example.org'";
    database::open(server.data_dir())?.execute(disable, [])?;
    let strangers = [
        ("anonymous", Person::default()),
        ("forger", with_token(format!("{}x", root.token))),
        ("expired", with_token(expired(&root.token)?)),
        ("signed out", signed_out),
        ("disabled", disabled),
    ];
    let before = stored(&server)?;
    for (who, stranger) in &strangers {
        for row in table() {
            if matches!(row.2, Needs::Nobody(_)) {
                continue;
            }
            let reply = send(&server, stranger, &row).await?;
            assert_eq!(
                message(&reply),
                (401, "Unauthorized".to_owned()),
                "{who}: {row:?}"
            );
        }
    }
    assert_eq!(stored(&server)?, before);
    Ok(())
}

#[tokio::test]
async fn what_anybody_may_ask_is_answered_and_changes_nothing_when_it_is_empty() -> Test {
    let server = with_provider().await?;
    join(&server, "root@example.org").await?;
    let before = stored(&server)?;
    for row in table() {
        if let Needs::Nobody(status) = row.2 {
            let reply = send(&server, &Person::default(), &row).await?;
            assert_eq!(reply.status, status, "{row:?} {reply:?}");
        }
    }
    assert_eq!(stored(&server)?, before);
    Ok(())
}

#[tokio::test]
async fn a_key_may_only_what_its_scopes_say() -> Test {
    let server = with_provider().await?;
    let root = join(&server, "root@example.org").await?;
    for scope in ["read", "write", "generate"] {
        let body = json!({"name": "program", "scopes": [scope]});
        let made = root.post(&server, "/keys", body).await?.json();
        let key = with_token(made["secret"].as_str().unwrap_or_default().to_owned());
        // Its first use is noted.
        key.get(&server, "/api/user").await?;
        let before = stored(&server)?;
        for row in table() {
            match row.2 {
                Needs::Nobody(_) => continue,
                Needs::Scope(wanted, _) if wanted == scope => continue,
                Needs::Scope(..)
                | Needs::Scopes(_)
                | Needs::Session(_)
                | Needs::Administrator(_) => {}
            }
            let reply = send(&server, &key, &row).await?;
            assert_eq!(reply.status, 403, "{scope}: {row:?} {reply:?}");
            assert!(reply.json()["message"].is_string(), "{reply:?}");
        }
        assert_eq!(stored(&server)?, before, "{scope}");
    }
    Ok(())
}

/// What somebody does is done to what is theirs: of another person nothing changes and nothing is seen.
#[tokio::test]
async fn another_person_does_the_same_to_their_own_and_nothing_to_mine() -> Test {
    let server = with_provider().await?;
    let root = join(&server, "root@example.org").await?;
    join(&server, "other@example.org").await?;
    let key = json!({"name": "own", "value": "sk-root", "expiresAt": "2999-01-01T00:00:00.000Z"});
    root.send(&server, Method::PUT, "/api/keys", Some(&key))
        .await?;
    seed(&server, &root).await?;
    let messages = format!("/api/messages/{SOMEBODYS}");
    let mine = async || {
        let mut seen = Vec::new();
        for path in [
            "/api/user",
            "/api/user/terms",
            "/api/keys?name=own",
            "/api/roles/USER",
            "/account/sessions",
            "/api/convos",
            &messages,
        ] {
            seen.push(root.get(&server, path).await?.json());
        }
        anyhow::Ok(seen)
    };
    let before = mine().await?;
    let mut rows = table();
    // Whoever is gone does nothing more.
    rows.sort_by_key(|row| row.1 == "/api/user/delete");
    let mut other = sign_in(&server, "other@example.org").await?;
    for row in rows {
        let expected = match row.2 {
            Needs::Nobody(_) => continue,
            Needs::Scope(_, status) | Needs::Scopes(status) | Needs::Session(status) => status,
            Needs::Administrator(_) => 403,
        };
        let reply = send(&server, &other, &row).await?;
        assert_eq!(reply.status, expected, "{row:?} {reply:?}");
        let told = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(
            !told.contains("root") && !told.contains("2999"),
            "{row:?} {told}"
        );
        if row.1 == "/api/auth/logout" {
            other = sign_in(&server, "other@example.org").await?;
        }
    }
    assert_eq!(mine().await?, before);
    Ok(())
}

#[tokio::test]
async fn administrators_may_what_the_table_says() -> Test {
    let server = with_provider().await?;
    let root = join(&server, "root@example.org").await?;
    for row in table() {
        if let Needs::Administrator(status) = row.2 {
            let reply = send(&server, &root, &row).await?;
            assert_eq!(reply.status, status, "{row:?} {reply:?}");
        }
    }
    Ok(())
}

fn with_token(token: String) -> Person {
    Person {
        token,
        cookie: String::new(),
    }
}

/// The same person's token of the same session, made by the same secret, an hour ago.
fn expired(token: &str) -> anyhow::Result<String> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = token.split('.').nth(1).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let at = |minutes: i64| {
        let milliseconds = SystemClock.now().as_millisecond() + minutes * 60_000;
        Timestamp::from_millisecond(milliseconds)
    };
    let account: UserId = text("id").parse()?;
    let session: SessionId = text("sid").parse()?;
    let mut claims = AccessClaims {
        account,
        session,
        username: text("username").to_owned(),
        provider: AccountProvider::Local,
        email: manent_accounts::email::EmailAddress::parse(text("email"))?,
        issued_at: at(-60)?,
        expires_at: at(-45)?,
    };
    let tokens = Tokens::new(&ServerSecrets::parse(&SECRET.into())?);
    let made = tokens.access_token(&claims)?.expose_secret().to_owned();
    // It is the time alone that is wrong with it.
    claims.issued_at = at(0)?;
    claims.expires_at = at(15)?;
    let current = tokens.access_token(&claims)?.expose_secret().to_owned();
    anyhow::ensure!(
        current.split('.').next() == token.split('.').next(),
        "another key"
    );
    Ok(made)
}
