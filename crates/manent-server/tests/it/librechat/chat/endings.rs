//! How generations end: stopped, broken, killed.

use manent_testkit::TestServer;
use serde_json::json;

use super::{begun, first, messages, nobody, read, tell, text, turn, with, world};
use crate::support::Test;

#[tokio::test]
async fn a_stopped_answer_keeps_what_it_said_and_is_gone_on_from() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, call) = begun(&mut upstream, client, &first("hi")).await?;
    let id = &started["conversationId"];
    call.say("half of it")?;
    let mut stream = read(client, id, "").await?;
    // The words are there before the stop comes.
    for _ in 0..4 {
        stream.next().await?;
    }
    let body = json!({"conversationId": id, "generationCreatedAt": started["generationCreatedAt"]});
    let stopped = client.post("/api/agents/chat/abort", &body).await?;
    assert_eq!(
        (stopped.status, stopped.body),
        (200, json!({"success": true, "aborted": id}))
    );
    call.cancelled().await;
    // It is stored when the stop is answered.
    let stored = messages(client, id).await?;
    let told = tell(&mut stream, vec![text("half of it")]).await?;
    assert_eq!(told.last["aborted"], true);
    assert_eq!(told.last["earlyAbort"], false);
    assert_eq!(
        stored,
        vec![
            told.last["requestMessage"].clone(),
            told.last["responseMessage"].clone()
        ]
    );
    assert_eq!(stored[1]["unfinished"], true);
    assert_eq!(stored[1]["content"], json!([text("half of it")]));
    let next = with(
        first("go on"),
        json!({"conversationId": id, "parentMessageId": stored[1]["messageId"]}),
    );
    let (_, told) = turn(&mut upstream, client, &next, "the rest").await?;
    assert_eq!(told.content, vec![text("the rest")]);
    Ok(())
}

#[tokio::test]
async fn an_answer_that_was_stopped_before_it_began_can_be_gone_on_from() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, _call) = begun(&mut upstream, client, &first("hi")).await?;
    let id = &started["conversationId"];
    let mut stream = read(client, id, "").await?;
    // The only one that runs need not be named.
    let stopped = client
        .post("/api/agents/chat/abort", &json!({"conversationId": "new"}))
        .await?;
    assert_eq!(stopped.status, 200, "{stopped:?}");
    let told = tell(&mut stream, Vec::new()).await?;
    let answer = &told.last["responseMessage"];
    assert_eq!(
        json!([
            told.last["aborted"],
            answer["unfinished"],
            answer["content"]
        ]),
        json!([true, true, []])
    );
    assert_eq!(told.last["requestMessage"]["text"], "hi");
    assert_eq!(messages(client, id).await?[1], *answer);
    let next = with(
        first("again"),
        json!({"conversationId": id, "parentMessageId": answer["messageId"]}),
    );
    turn(&mut upstream, client, &next, "yes").await?;
    Ok(())
}

#[tokio::test]
async fn a_provider_that_breaks_off_leaves_its_words_and_an_error_after_them() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, call) = begun(&mut upstream, client, &first("hi")).await?;
    let id = &started["conversationId"];
    call.say("two words")?;
    drop(call);
    let told = tell(&mut read(client, id, "").await?, Vec::new()).await?;
    let answer = &told.last["responseMessage"];
    assert_eq!(told.last["aborted"], json!(null));
    assert_eq!(
        json!([answer["error"], answer["unfinished"], answer["content"][0]]),
        json!([false, false, text("two words")])
    );
    assert_eq!(answer["content"][1]["type"], "error");
    let error = answer["content"][1]["error"].as_str().unwrap_or_default();
    assert!(
        error.starts_with("An error occurred while processing the request: "),
        "{error}"
    );
    assert_eq!(messages(client, id).await?[1], *answer);
    let next = with(
        first("again"),
        json!({"conversationId": id, "parentMessageId": answer["messageId"]}),
    );
    turn(&mut upstream, client, &next, "yes").await?;
    Ok(())
}

#[tokio::test]
async fn a_provider_that_refuses_ends_the_answer_and_not_the_request() -> Test {
    let configuration = "[librechat]\nenabled = true\n[[providers]]\nid = \"gated\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
        api_key = \"k\"\nmodels = [\"m\"]\nretries = 0\n";
    let server = TestServer::start_with(configuration).await?;
    let client = server.client();
    let started = super::start(client, &first("hi")).await?;
    let id = &started["conversationId"];
    let told = tell(&mut read(client, id, "").await?, Vec::new()).await?;
    let answer = &told.last["responseMessage"];
    assert_eq!(answer["content"][0]["type"], "error", "{answer}");
    assert_eq!(answer["error"], false);
    assert_eq!(messages(client, id).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn what_ended_is_told_again_from_the_store_after_a_restart() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let (started, told) = turn(&mut upstream, server.client(), &first("hi"), "hello").await?;
    let id = &started["conversationId"];
    let configuration = "[librechat]\nenabled = true\n[[providers]]\nid = \"gated\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
        api_key = \"k\"\nmodels = [\"m\"]\n";
    let again = TestServer::start_in(server.stop().await, configuration).await?;
    let client = again.client();
    let retold = tell(&mut read(client, id, "").await?, Vec::new()).await?;
    assert_eq!(retold.content, told.content);
    assert_eq!(retold.created, told.created);
    assert_eq!(retold.last, told.last);
    let path = format!(
        "/api/agents/chat/status/{}",
        id.as_str().unwrap_or_default()
    );
    assert_eq!(client.get(&path).await?.body["active"], false);
    Ok(())
}

#[tokio::test]
async fn only_what_runs_can_be_stopped() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let abort = async |body| client.post("/api/agents/chat/abort", &body).await;
    assert_eq!(
        abort(json!({"conversationId": nobody()})).await?.status,
        404
    );
    assert_eq!(abort(json!({})).await?.status, 404);
    let bad = abort(json!({"conversationId": "x"})).await?;
    assert_eq!((bad.status, bad.code()), (400, "INVALID_ABORT_TARGET"));
    let (started, call) = begun(&mut upstream, client, &first("hi")).await?;
    let id = &started["conversationId"];
    let odd = abort(json!({"conversationId": id, "generationCreatedAt": "x"})).await?;
    assert_eq!(
        (odd.status, odd.code()),
        (400, "INVALID_GENERATION_IDENTITY")
    );
    let other = abort(json!({"conversationId": id, "generationCreatedAt": 7})).await?;
    assert_eq!((other.status, other.code()), (409, "RUN_REPLACED"));
    call.say("all")?;
    call.finish()?;
    tell(&mut read(client, id, "").await?, Vec::new()).await?;
    Ok(())
}
