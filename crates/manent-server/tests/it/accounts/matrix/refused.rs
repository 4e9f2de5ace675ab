//! Every operation for those who were somebody once, and for those who are somebody else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use manent_accounts::ports::{TokenMinter, TokenReader};
use manent_credentials::Tokens;
use manent_credentials::server_secret::ServerSecrets;
use manent_testkit::TestServer;
use manent_types::Timestamp;
use rusqlite::Connection;
use secrecy::ExposeSecret;

use super::*;
use crate::accounts::people::SECRET;
use crate::support::reply::Reply;
use crate::support::servers::scripted_provider;

/// Whoever is looked up is looked up again.
fn configuration() -> String {
    format!(
        "[accounts]\nsecret = {SECRET:?}\nrecheck_interval = \"0s\"\n{}",
        scripted_provider()
    )
}

/// The rows of accounts, by table, and those that have ended.
fn rows(server: &TestServer) -> anyhow::Result<Vec<(String, i64)>> {
    let connection = database::open(server.data_dir())?;
    let mut rows: Vec<(String, i64)> = database::rows(server.data_dir())?
        .into_iter()
        .map(|(name, count)| (name.to_owned(), count))
        .collect();
    for counted in [
        "accounts",
        "accounts WHERE status = 'disabled'",
        "accounts WHERE role = 'ADMIN'",
        "sessions",
        "sessions WHERE ended_at IS NOT NULL",
        "api_keys",
        "api_keys WHERE revoked_at IS NOT NULL",
        "provider_keys",
        "one_time_links",
        "roles",
        "runs",
        "changes",
        "audit",
    ] {
        rows.push((counted.to_owned(), count(&connection, counted)?));
    }
    Ok(rows)
}

fn count(connection: &Connection, of: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("SELECT count(*) FROM {of}"), [], |row| row.get(0))
}

/// The person with the same access token, but one that has expired.
fn expired(person: &Person) -> anyhow::Result<Person> {
    let tokens = Tokens::new(&ServerSecrets::parse(&SECRET.into())?);
    let at = |milliseconds| {
        Timestamp::from_millisecond(milliseconds).map_err(|_| anyhow::anyhow!("a time"))
    };
    let payload = person.token.split('.').nth(1).unwrap_or_default();
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
    let made = payload["iat"].as_i64().unwrap_or_default();
    let mut claims = tokens.read_access_token(&person.token, at(made * 1_000)?)?;
    (claims.issued_at, claims.expires_at) = (at(1_000_000)?, at(2_000_000)?);
    let token = tokens.access_token(&claims)?.expose_secret().to_owned();
    Ok(Person {
        token,
        cookie: person.cookie.clone(),
    })
}

/// Sends every operation that needs somebody; nothing may have changed.
async fn send_all(
    server: &TestServer,
    person: &Person,
    expected: (u16, &str),
) -> anyhow::Result<()> {
    let before = rows(server)?;
    for ((path, method), (needs, body)) in table() {
        if needs == Needs::Nothing {
            continue;
        }
        let method: Method = method.to_uppercase().parse()?;
        let reply = person
            .send(server, method.clone(), &with_ids(&path), body.as_ref())
            .await?;
        let (status, code) = reply.problem();
        assert_eq!((status, code.as_str()), expected, "{method} {path}");
    }
    assert_eq!(rows(server)?, before);
    Ok(())
}

#[tokio::test]
async fn an_expired_token_gets_nothing_and_changes_nothing() -> Test {
    let server = people::server(&configuration()).await?;
    let person = join(&server, "ada@example.org").await?;
    assert_eq!(person.get(&server, "/account").await?.status, 200);
    send_all(&server, &expired(&person)?, (401, "signed_out")).await
}

#[tokio::test]
async fn a_disabled_account_gets_nothing_and_changes_nothing() -> Test {
    let server = people::server(&configuration()).await?;
    join(&server, "root@example.org").await?;
    let person = join(&server, "ada@example.org").await?;
    let key = person.key(&server, &["read", "write", "generate"]).await?;
    let disable = "UPDATE accounts SET status = 'disabled' WHERE email = 'ada@example.org'";
    database::open(server.data_dir())?.execute(disable, [])?;
    send_all(&server, &person, (403, "account_disabled")).await?;
    send_all(&server, &key, (403, "account_disabled")).await
}

/// What somebody has, by the beginning of its paths.
struct Belongings(Vec<(&'static str, String)>);

impl Belongings {
    /// Of somebody who has one of each.
    async fn of(owner: &Person, server: &TestServer) -> anyhow::Result<Self> {
        let (conversation, message, run) = (new_id(), new_id(), new_id());
        let said = json!({"id": message, "conversationId": conversation, "role": "user", "content": "needle"});
        let answer = json!({"runId": run, "messages": [{"role": "user", "content": "hello"}]});
        for (path, body) in [
            ("/conversation/create", json!({"id": conversation})),
            ("/message/append", json!({ "message": said })),
        ] {
            let made = owner.send(server, Method::POST, path, Some(&body)).await?;
            anyhow::ensure!(made.status < 300, "{made:?}");
        }
        let mut stream = owner
            .post_stream(server, "/completion/generate", &answer)
            .await?;
        stream.rest().await?;
        let key = owner.key(server, &["read"]).await?;
        drop(key);
        let id = |reply: &Reply, list: &str| {
            let id = &reply.json()[list][0]["id"];
            id.as_str().unwrap_or_default().to_owned()
        };
        let session = id(&owner.get(server, "/account/sessions").await?, "sessions");
        let key = id(&owner.get(server, "/keys").await?, "keys");
        let account = owner.get(server, "/account").await?.json();
        let account = account["id"].as_str().unwrap_or_default().to_owned();
        Ok(Self(vec![
            ("/conversation/", conversation),
            ("/message/", message),
            ("/completion/", run),
            ("/account/sessions/", session),
            ("/keys/", key),
            ("/admin/", account),
        ]))
    }

    /// The id that stands in this path; absent where it names none of somebody's own.
    fn id_in(&self, path: &str) -> Option<&str> {
        let (_, id) = self.0.iter().find(|(prefix, _)| path.starts_with(prefix))?;
        Some(id)
    }
}

#[tokio::test]
async fn another_persons_ids_are_answered_like_ids_that_nobody_has() -> Test {
    let server = people::server(&configuration()).await?;
    let owner = join(&server, "ada@example.org").await?;
    let other = join(&server, "eve@example.org").await?;
    let theirs = Belongings::of(&owner, &server).await?;
    let before = rows(&server)?;
    for ((path, method), (_, body)) in table() {
        if !path.contains("{id}") && !path.contains("{runId}") {
            continue;
        }
        let id = theirs.id_in(&path);
        let id = id.ok_or_else(|| anyhow::anyhow!("whose id stands in {path}?"))?;
        let method: Method = method.to_uppercase().parse()?;
        let mut answers = Vec::new();
        for id in [id.to_owned(), new_id()] {
            let path = path.replace("{id}", &id).replace("{runId}", &id);
            let reply = other
                .send(&server, method.clone(), &path, body.as_ref())
                .await?;
            let expected = if path.starts_with("/admin/") {
                403
            } else {
                404
            };
            assert_eq!(reply.status, expected, "{method} {path} {reply:?}");
            answers.push(reply.whole_problem());
        }
        assert_eq!(answers[0], answers[1], "{method} {path}");
    }
    assert_eq!(rows(&server)?, before);
    Ok(())
}
