//! What this server answers to who asks for an answer, as the client engine reads it: whether asking again under the same id can give
//! anything else.

use manent_engine::answers::{AnswerFailure, read_failure};
use manent_testkit::{Client, TestServer, new_id};
use serde_json::{Value, json};

use crate::runs::{recorded, request, text};
use crate::support::reply::{Reply, get};
use crate::support::{Test, create, servers};

/// Asks for an answer that is refused, and reads why.
async fn refusal(client: &Client, body: &Value) -> anyhow::Result<AnswerFailure> {
    let post = client.http().post(client.url("/completion/generate"));
    Ok(read(&Reply::to(post.json(body)).await?))
}

fn read(reply: &Reply) -> AnswerFailure {
    let (status, code) = reply.problem();
    let retry_after_ms = reply.json()["retryAfterMs"].as_u64();
    read_failure(status, Some(&code), retry_after_ms)
}

fn over(code: &str) -> AnswerFailure {
    AnswerFailure::Over {
        code: code.to_owned(),
    }
}

fn not_yet(code: &str) -> AnswerFailure {
    AnswerFailure::NotYet {
        code: code.to_owned(),
    }
}

#[tokio::test]
async fn a_run_that_failed_gives_the_same_failure_to_who_asks_again() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let body = recorded(&new_id(), "fail early", &conversation, &new_id());
    let first = refusal(client, &body).await?;
    let AnswerFailure::Over { code } = &first else {
        anyhow::bail!("{first:?}");
    };
    assert!(code.starts_with("provider_"), "{code}");
    let events = client.generate(&body).await?.rest().await?;
    let end = events
        .last()
        .map(|event| (event.name.as_str(), event.data["code"].clone()));
    assert_eq!(end, Some(("error", json!(code))));
    assert_eq!(read_failure(200, Some(code), None), first);
    Ok(())
}

#[tokio::test]
async fn what_the_outbox_still_brings_is_not_yet_and_then_it_is_answered_under_the_same_id() -> Test
{
    let server = servers::start("").await?;
    let client = server.client();
    let (conversation, run) = (new_id(), new_id());
    let body = recorded(&run, "hello", &conversation, &new_id());
    assert_eq!(
        refusal(client, &body).await?,
        not_yet("conversation_not_found")
    );
    let unknown = get(client, &format!("/completion/{run}")).await?;
    assert_eq!(read(&unknown), not_yet("run_not_found"));
    client
        .post("/conversation/create", &json!({"id": conversation}))
        .await?;
    let events = client.generate(&body).await?.rest().await?;
    assert!(!text(&events).is_empty());
    assert_eq!(events.last().map(|event| event.name.as_str()), Some("done"));
    Ok(())
}

#[tokio::test]
async fn refusals_for_what_is_asked_are_final_and_the_servers_own_troubles_are_not() -> Test {
    let server = TestServer::start_with("[testing]\nsign_in_switch = true").await?;
    let client = server.client();
    let mut of_nobody = request(&new_id(), "hello");
    of_nobody["config"] = json!({"provider": "nobody"});
    assert_eq!(refusal(client, &of_nobody).await?, over("unknown_provider"));
    let wrong = json!({"messages": "hello", "runId": new_id()});
    assert_eq!(refusal(client, &wrong).await?, over("invalid_body"));
    let elsewhere = Reply::to(client.http().post(client.url("/completion/no/such"))).await?;
    assert_eq!(read(&elsewhere), AnswerFailure::Infrastructure);
    client
        .post("/testing/sign-in-needed", &json!({"needed": true}))
        .await?;
    let body = request(&new_id(), "hello");
    assert_eq!(refusal(client, &body).await?, AnswerFailure::Auth);
    Ok(())
}

#[tokio::test]
async fn a_server_that_carries_as_many_runs_as_it_may_asks_for_patience() -> Test {
    let server = servers::start("[runs]\nmax_running = 1").await?;
    let client = server.client();
    let mut first = client.generate(&request(&new_id(), "hang")).await?;
    first.next().await?;
    let expected = AnswerFailure::BackPressure {
        retry_after_ms: Some(2_000),
    };
    let body = request(&new_id(), "hello");
    assert_eq!(refusal(client, &body).await?, expected);
    Ok(())
}
