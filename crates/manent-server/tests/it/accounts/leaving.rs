//! One's own account: other names, and the end of it.

use std::collections::BTreeMap;
use std::time::Duration;

use manent_testkit::{TestServer, new_id};
use reqwest::Method;
use serde_json::json;

use super::people::{self, PASSWORD, Person, join, try_sign_in};
use crate::support::{Test, database, servers};

/// How many rows each table has of an owner or account; tables without any are left out.
fn owned(server: &TestServer, id: &str) -> anyhow::Result<BTreeMap<String, i64>> {
    let connection = database::open(server.data_dir())?;
    let mut rows = BTreeMap::new();
    let tables = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c \
                  WHERE m.type = 'table' AND m.name <> 'audit' AND c.name IN ('account_id', 'owner_id', 'owner_pk')";
    let mut statement = connection.prepare(tables)?;
    let found = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    let found = found.collect::<Result<Vec<_>, _>>()?;
    assert!(found.len() > 8, "{found:?}");
    for (table, column) in found {
        let owner = if column == "owner_pk" {
            "coalesce((SELECT pk FROM users WHERE id = ?1), -1)"
        } else {
            "?1"
        };
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} = {owner}");
        let count: i64 = connection.query_row(&sql, [id], |row| row.get(0))?;
        rows.insert(table, count);
    }
    let users = "SELECT count(*) FROM users WHERE id = ?1";
    let count = connection.query_row(users, [id], |row| row.get(0))?;
    rows.insert("users".to_owned(), count);
    rows.retain(|_, count| *count > 0);
    Ok(rows)
}

async fn id_of(server: &TestServer, person: &Person) -> anyhow::Result<String> {
    let account = person.get(server, "/account").await?.json();
    Ok(account["id"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn names_are_changed_one_by_one() -> Test {
    let server = people::server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    for (change, expected) in [
        (json!({"username": "ada"}), ("Somebody", json!("ada"))),
        (
            json!({"name": "Ada Lovelace"}),
            ("Ada Lovelace", json!("ada")),
        ),
        (json!({"username": ""}), ("Ada Lovelace", json!(null))),
    ] {
        let reply = ada
            .send(&server, Method::PATCH, "/account", Some(&change))
            .await?;
        let account = reply.json();
        assert_eq!(
            (&account["name"], &account["username"]),
            (&json!(expected.0), &expected.1),
            "{reply:?}"
        );
    }
    let refused = ada
        .send(
            &server,
            Method::PATCH,
            "/account",
            Some(&json!({"name": "\u{7}"})),
        )
        .await?;
    assert_eq!(refused.problem(), (422, "invalid_value".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_behind_and_what_runs_for_it_ends() -> Test {
    let server = servers::start("mode = \"accounts\"").await?;
    let admin = join(&server, "admin@example.org").await?;
    let ada = join(&server, "ada@example.org").await?;
    let id = id_of(&server, &ada).await?;
    let conversation = new_id();
    let created = ada
        .send(
            &server,
            Method::POST,
            "/conversation/create",
            Some(&json!({"id": conversation})),
        )
        .await?;
    assert_eq!(created.status, 201);
    let (run, message) = (new_id(), new_id());
    let said = json!({"message": {"id": message, "conversationId": conversation, "role": "user", "content": "slow please"}});
    assert_eq!(
        ada.send(&server, Method::POST, "/message/append", Some(&said))
            .await?
            .status,
        200
    );
    ada.key(&server, &["read"]).await?;
    let client = server.client();
    let body = json!({"runId": run, "messages": [{"role": "user", "content": "hang"}],
        "record": {"conversationId": conversation, "parentId": message, "messageId": new_id()}});
    let running = client
        .http()
        .post(client.url("/completion/generate"))
        .bearer_auth(&ada.token)
        .json(&body);
    let running = running.send().await?;
    assert_eq!(running.status().as_u16(), 200);
    assert!(owned(&server, &id)?.len() > 5);

    let wrong = json!({"password": "not the password"});
    let refused = ada
        .send(&server, Method::DELETE, "/account", Some(&wrong))
        .await?;
    assert_eq!(refused.problem(), (422, "wrong_password".to_owned()));
    let without = ada
        .send(&server, Method::DELETE, "/account", Some(&json!({})))
        .await?;
    assert_eq!(without.problem(), (422, "invalid_value".to_owned()));
    let last = json!({"password": PASSWORD});
    let administrator = admin
        .send(&server, Method::DELETE, "/account", Some(&last))
        .await?;
    assert_eq!(administrator.problem(), (409, "account_refused".to_owned()));

    let deleted = ada
        .send(&server, Method::DELETE, "/account", Some(&last))
        .await?;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert!(
        deleted.header("set-cookie").starts_with("refreshToken=;"),
        "{deleted:?}"
    );
    // The stream ends, so what ran has ended.
    let rest = tokio::time::timeout(Duration::from_secs(30), running.bytes()).await;
    assert!(rest.is_ok(), "the answer goes on");
    assert_eq!(ada.get(&server, "/account").await?.status, 401);
    assert_eq!(
        try_sign_in(&server, "ada@example.org", PASSWORD)
            .await?
            .status,
        401
    );
    let directory = server.stop().await;
    let server = TestServer::start_in(directory, "mode = \"accounts\"").await?;
    assert_eq!(
        owned(&server, &id)?,
        BTreeMap::new(),
        "also after what was being written is written"
    );
    Ok(())
}
