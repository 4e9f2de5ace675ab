//! Several servers with accounts in one database.

use manent_postgres::{Database, PostgresServer};
use manent_testkit::TestServer;
use reqwest::Method;
use serde_json::json;

use super::people::{
    PASSWORD, Person, SECRET, cookie, join, refresh, shared, sign_in, try_sign_in,
};
use crate::support::Test;
use crate::support::reply::Reply;

/// Whatever was looked up is looked up again.
const AGAIN: &str = "recheck_interval = \"0s\"\n";

/// Another secret.
const NEW_SECRET: &str = "5d0e8f7f1ad0d45bb1a2b3e2f8b1cbe1c0bd6e0c2ddc37a4a7b6a3f6cf2fb0e1";

async fn database() -> anyhow::Result<Database> {
    PostgresServer::shared().await?.fresh_database().await
}

async fn two_servers(
    database: &Database,
    accounts: &str,
) -> anyhow::Result<(TestServer, TestServer)> {
    let configuration = shared(database, accounts, "");
    let here = TestServer::start_with(&configuration).await?;
    let there = TestServer::start_with(&configuration).await?;
    Ok((here, there))
}

fn person(reply: &Reply) -> Person {
    Person {
        token: reply.json()["token"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        cookie: cookie(reply),
    }
}

#[tokio::test]
async fn whoever_signs_in_here_is_signed_in_there() -> Test {
    let database = database().await?;
    let (here, there) = two_servers(&database, "").await?;
    let first = join(&here, "ada@example.org").await?;
    assert_eq!(first.get(&there, "/account").await?.json()["role"], "ADMIN");
    let refreshed = refresh(&there, &first.cookie).await?;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let refreshed = refresh(&here, &cookie(&refreshed)).await?;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert_eq!(
        person(&refreshed)
            .get(&there, "/feed?after=x")
            .await?
            .status,
        400
    );
    let second = join(&there, "eve@example.org").await?;
    assert_eq!(second.get(&here, "/account").await?.json()["role"], "USER");
    let unknown = try_sign_in(&here, "nobody@example.org", PASSWORD).await?;
    assert_eq!(unknown.problem(), (401, "wrong_credentials".to_owned()));
    Ok(())
}

#[tokio::test]
async fn an_old_token_that_is_used_there_ends_the_sign_in_here() -> Test {
    let database = database().await?;
    let accounts = format!("{AGAIN}refresh_grace = \"0s\"\n");
    let (here, there) = two_servers(&database, &accounts).await?;
    let owner = join(&here, "ada@example.org").await?;
    let mut feed = owner.stream(&here, "/feed").await?;
    let next = cookie(&refresh(&here, &owner.cookie).await?);
    let newest = refresh(&here, &next).await?;
    let thief = refresh(&there, &owner.cookie).await?;
    assert_eq!(thief.problem(), (401, "signed_out".to_owned()));
    assert_eq!(refresh(&here, &cookie(&newest)).await?.status, 401);
    assert_eq!(person(&newest).get(&here, "/account").await?.status, 401);
    let last = feed
        .rest()
        .await?
        .pop()
        .map(|event| event.data["code"].clone());
    assert_eq!(last, Some(json!("signed_out")));
    Ok(())
}

#[tokio::test]
async fn fifty_refreshes_on_two_servers_sign_nobody_out() -> Test {
    let database = database().await?;
    let (here, there) = two_servers(&database, "").await?;
    let person = join(&here, "ada@example.org").await?;
    let replies = (0..50).map(|number| {
        let server = if number % 2 == 0 { &here } else { &there };
        refresh(server, &person.cookie)
    });
    let replies = futures_util::future::try_join_all(replies).await?;
    for reply in &replies {
        assert_eq!((reply.status, cookie(reply)), (200, cookie(&replies[0])));
    }
    assert_eq!(refresh(&there, &cookie(&replies[0])).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_revoked_here_is_out_there() -> Test {
    let database = database().await?;
    let (here, there) = two_servers(&database, AGAIN).await?;
    let owner = join(&here, "ada@example.org").await?;
    let key = owner.key(&here, &["read"]).await?;
    assert_eq!(key.get(&there, "/conversations").await?.status, 200);
    let mut feed = key.stream(&there, "/feed").await?;
    let keys = owner.get(&there, "/keys").await?.json();
    let id = keys["keys"][0]["id"].as_str().unwrap_or_default();
    let path = format!("/keys/{id}");
    let revoked = owner.send(&here, Method::DELETE, &path, None).await?;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    assert_eq!(key.get(&there, "/conversations").await?.status, 401);
    let last = feed
        .rest()
        .await?
        .pop()
        .map(|event| event.data["code"].clone());
    assert_eq!(last, Some(json!("signed_out")));
    Ok(())
}

#[tokio::test]
async fn whoever_is_disabled_here_is_out_there() -> Test {
    let database = database().await?;
    let (here, there) = two_servers(&database, AGAIN).await?;
    join(&here, "root@example.org").await?;
    let person = join(&here, "ada@example.org").await?;
    let mut feeds = Vec::new();
    for server in [&here, &there] {
        assert_eq!(person.get(server, "/conversations").await?.status, 200);
        feeds.push(person.stream(server, "/feed").await?);
    }
    // As a third server, or the command line, does it.
    let disable = "UPDATE accounts SET status = 'disabled' WHERE email = 'ada@example.org'";
    database.execute(disable).await?;
    for (server, feed) in [&here, &there].into_iter().zip(&mut feeds) {
        let last = feed
            .rest()
            .await?
            .pop()
            .map(|event| event.data["code"].clone());
        assert_eq!(last, Some(json!("signed_out")));
        let refused = person.get(server, "/conversations").await?;
        assert_eq!(refused.problem(), (403, "account_disabled".to_owned()));
    }
    Ok(())
}

#[tokio::test]
async fn servers_of_one_database_share_their_secret() -> Test {
    let database = database().await?;
    let configured = |secret: &str| shared(&database, &format!("secret = {secret:?}\n"), "");
    let first = TestServer::start_with(&configured(SECRET)).await?;
    let person = join(&first, "ada@example.org").await?;
    let refused = |configuration: String| async move {
        match TestServer::start_with(&configuration).await {
            Ok(_) => anyhow::bail!("it started"),
            Err(error) => Ok(format!("{error:#}")),
        }
    };
    let sentence = refused(configured(NEW_SECRET)).await?;
    assert!(
        sentence.contains("another secret (number 1)") && sentence.contains("accounts.secret_file"),
        "{sentence}"
    );
    // The new one before the old one is a rotation; who was signed in stays so.
    let both = format!("2:{NEW_SECRET} 1:{SECRET}");
    let second = TestServer::start_with(&configured(&both)).await?;
    assert_eq!(person.get(&second, "/account").await?.status, 200);
    assert_eq!(refresh(&second, &person.cookie).await?.status, 200);
    sign_in(&second, "ada@example.org").await?;
    // Whoever has only the old one is late, and whoever has left the old one away is not.
    let sentence = refused(configured(SECRET)).await?;
    assert!(sentence.contains("another secret (number 2)"), "{sentence}");
    let misnumbered = refused(configured(NEW_SECRET)).await?;
    assert!(misnumbered.contains("number 2"), "{misnumbered}");
    TestServer::start_with(&configured(&format!("2:{NEW_SECRET}"))).await?;
    Ok(())
}
