//! What is open ends when whoever reads it is not welcome any more; what is being made goes on.

use manent_testkit::{EventReader, TestServer, new_id};
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{self, PASSWORD, Person, join, sign_in};
use crate::support::Test;
use crate::support::database;
use crate::support::upstream::{Call, Upstream};

/// Looks at once whether whoever came in is still welcome, and again in a moment.
const SOON: &str = "mode = \"accounts\"\n[accounts]\nrecheck_interval = \"0s\"\n";

/// The last word of a stream that ends because its reader is out.
fn last_word(events: &[manent_testkit::Event]) -> (String, Value) {
    let last = events
        .last()
        .map(|event| (event.name.clone(), event.data["code"].clone()));
    last.unwrap_or_default()
}

fn signed_out() -> (String, Value) {
    ("notice".to_owned(), json!("signed_out"))
}

/// Starts a run that keeps nothing; its call waits for what the test says.
async fn start_run(
    person: &Person,
    server: &TestServer,
    upstream: &mut Upstream,
    run: &str,
) -> anyhow::Result<(EventReader, Call)> {
    let body = json!({"runId": run, "messages": [{"role": "user", "content": "x"}]});
    let stream = person.post_stream(server, "/completion/generate", &body);
    let (stream, call) = tokio::join!(stream, async {
        let call = upstream.call().await?;
        call.say("half")?;
        anyhow::Ok(call)
    });
    Ok((stream?, call?))
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_what_is_open_at_once_and_what_is_made_goes_on() -> Test {
    let configuration = "mode = \"accounts\"\n[accounts]\nrecheck_interval = \"5m\"\n";
    let (mut upstream, server) = Upstream::with_server(configuration, "").await?;
    let here = join(&server, "ada@example.org").await?;
    let there = sign_in(&server, "ada@example.org").await?;
    let mut feed = here.stream(&server, "/feed").await?;
    let mut other = there.stream(&server, "/feed").await?;
    let run = new_id();
    let (mut answer, call) = start_run(&here, &server, &mut upstream, &run).await?;
    let out = here
        .send(&server, Method::POST, "/auth/sign-out", None)
        .await?;
    assert_eq!(out.status, 204);
    assert_eq!(last_word(&feed.rest().await?), signed_out());
    assert_eq!(last_word(&answer.rest().await?), signed_out());
    assert_eq!(here.get(&server, "/feed").await?.status, 401);
    // The other sign-in of the same person goes on, and so does the answer.
    call.say(" and more")?;
    call.finish()?;
    let mut whole = there.stream(&server, &format!("/completion/{run}")).await?;
    let events = whole.rest().await?;
    assert_eq!(crate::runs::text(&events), "half and more");
    assert_eq!(events.last().map(|event| event.name.as_str()), Some("done"));
    loop {
        let event = other.next().await?;
        let event = event.ok_or_else(|| anyhow::anyhow!("the other feed ended"))?;
        if event.name == "run" && event.data["status"] == "complete" {
            return Ok(());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_sessions_new_passwords_and_revoked_keys_end_their_streams() -> Test {
    let server = people::server("[accounts]\nrecheck_interval = \"5m\"").await?;
    let here = join(&server, "ada@example.org").await?;
    let there = sign_in(&server, "ada@example.org").await?;
    let third = sign_in(&server, "ada@example.org").await?;
    let key = here.key(&server, &["read"]).await?;
    let mut of_here = here.stream(&server, "/feed").await?;
    let mut theirs = there.stream(&server, "/feed").await?;
    let mut of_third = third.stream(&server, "/feed").await?;
    let mut of_key = key.stream(&server, "/feed").await?;
    let keys = here.get(&server, "/keys").await?.json();
    let path = format!(
        "/keys/{}",
        keys["keys"][0]["id"].as_str().unwrap_or_default()
    );
    let revoked = here.send(&server, Method::DELETE, &path, None).await?;
    assert_eq!(revoked.status, 200, "{keys} {revoked:?}");
    assert_eq!(last_word(&of_key.rest().await?), signed_out());
    let sessions = there.get(&server, "/account/sessions").await?.json();
    let mut own = sessions["sessions"].as_array().into_iter().flatten();
    let own = own.find(|session| session["current"] == true);
    let id = own
        .and_then(|session| session["id"].as_str())
        .unwrap_or_default();
    let path = format!("/account/sessions/{id}");
    let ended = here.send(&server, Method::DELETE, &path, None).await?;
    assert_eq!(ended.status, 204, "{sessions} {ended:?}");
    assert_eq!(last_word(&theirs.rest().await?), signed_out());
    let change = json!({"old": PASSWORD, "new": "another good password"});
    let changed = here
        .send(&server, Method::POST, "/account/password", Some(&change))
        .await?;
    assert_eq!(changed.status, 204);
    assert_eq!(last_word(&of_third.rest().await?), signed_out());
    // Whoever did all that reads on.
    let create = json!({"id": new_id()});
    let made = here
        .send(&server, Method::POST, "/conversation/create", Some(&create))
        .await?;
    assert_eq!(made.status, 201);
    loop {
        let event = of_here.next().await?;
        let event = event.ok_or_else(|| anyhow::anyhow!("the feed ended"))?;
        if event.name == "conversation" {
            return Ok(());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_expires_takes_its_streams_along() -> Test {
    let server = people::server("[accounts]\nrecheck_interval = \"0s\"").await?;
    let person = join(&server, "ada@example.org").await?;
    let mut feed = person.stream(&server, "/feed").await?;
    let database = database::open(server.data_dir())?;
    database.execute("UPDATE sessions SET expires_at = 1", [])?;
    assert_eq!(last_word(&feed.rest().await?), signed_out());
    assert_eq!(person.get(&server, "/feed").await?.status, 401);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_disabled_elsewhere_is_out_everywhere() -> Test {
    let (mut upstream, server) = Upstream::with_server(SOON, "").await?;
    join(&server, "root@example.org").await?;
    let person = join(&server, "ada@example.org").await?;
    let key = person.key(&server, &["read"]).await?;
    let run = new_id();
    let (mut answer, call) = start_run(&person, &server, &mut upstream, &run).await?;
    let mut feed = person.stream(&server, "/feed").await?;
    let mut of_key = key.stream(&server, "/feed").await?;
    let database = database::open(server.data_dir())?;
    let disable = "UPDATE accounts SET status = 'disabled' WHERE email = 'ada@example.org'";
    assert_eq!(database.execute(disable, [])?, 1);
    for stream in [&mut answer, &mut feed, &mut of_key] {
        assert_eq!(last_word(&stream.rest().await?), signed_out());
    }
    assert_eq!(person.get(&server, "/conversations").await?.status, 403);
    assert!(!call.is_cancelled(), "what is being made is kept");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runs_of_an_account_that_is_gone_are_stopped() -> Test {
    let (mut upstream, server) = Upstream::with_server(SOON, "").await?;
    join(&server, "root@example.org").await?;
    let person = join(&server, "ada@example.org").await?;
    let (mut answer, call) = start_run(&person, &server, &mut upstream, &new_id()).await?;
    let database = database::open(server.data_dir())?;
    for table in ["sessions WHERE account_id", "accounts WHERE id"] {
        let of = "(SELECT id FROM accounts WHERE email = 'ada@example.org')";
        database.execute(&format!("DELETE FROM {table} = {of}"), [])?;
    }
    call.cancelled().await;
    let end = last_word(&answer.rest().await?);
    assert!(end == signed_out() || end.1 == json!("stopped"), "{end:?}");
    Ok(())
}
