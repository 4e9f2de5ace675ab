//! How generations begin, and what is stored of them.

use serde_json::{Value, json};

use super::{asked, begun, first, messages, read, said, start, tell, text, turn, with, world};
use crate::support::Test;

#[tokio::test]
async fn a_first_turn_is_streamed_and_stored_as_it_was_told() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let body = with(
        first("hello"),
        json!({"temperature": 0.5, "promptPrefix": "Be kind.", "spec": "none-such"}),
    );
    let (started, call) = begun(&mut upstream, client, &body).await?;
    let id = &started["conversationId"];
    assert_eq!(started["streamId"], *id);
    assert_eq!(started["status"], "started");
    assert!(started["generationCreatedAt"].is_i64(), "{started}");
    assert_eq!(
        asked(&call),
        vec![said("system", "Be kind."), said("user", "hello")]
    );
    assert_eq!(call.body["temperature"], 0.5);
    let moment = &started["generationCreatedAt"];
    let mut stream = read(client, id, &format!("?generationCreatedAt={moment}")).await?;
    let created = stream.next().await?.map(|event| event.data);
    let created = created.unwrap_or_default();
    assert_eq!(created["created"], true);
    assert_eq!(created["streamId"], *id);
    assert_eq!(created["message"]["text"], "hello");
    let active = client.get("/api/agents/chat/active").await?.body;
    assert_eq!(active, json!({ "activeJobIds": [id] }));
    call.say("Hel")?;
    call.say("lo")?;
    call.count(&json!({"prompt_tokens": 10, "completion_tokens": 2}))?;
    call.finish()?;
    let told = tell(&mut stream, Vec::new()).await?;
    assert_eq!(told.content, vec![text("Hello")]);
    assert_eq!(told.others, vec!["title", "on_token_usage"]);
    let stored = messages(client, id).await?;
    let (question, answer) = (&told.last["requestMessage"], &told.last["responseMessage"]);
    assert_eq!(stored, vec![question.clone(), answer.clone()]);
    assert_eq!(created["message"], *question);
    assert_eq!(
        json!([
            question["isCreatedByUser"],
            question["text"],
            answer["isCreatedByUser"],
            answer["text"],
            answer["content"],
            answer["parentMessageId"],
            answer["unfinished"],
            answer["error"],
            answer["model"],
            answer["endpoint"],
            answer["metadata"]["usage"],
        ]),
        json!([
            true,
            "hello",
            false,
            "",
            [text("Hello")],
            question["messageId"],
            false,
            false,
            "m",
            "gated",
            {"input": 10, "output": 2, "cacheWrite": 0, "cacheRead": 0},
        ])
    );
    let times = (&question["createdAt"], &answer["createdAt"]);
    assert!(times.0.as_str() < times.1.as_str(), "{times:?}");
    let path = format!("/api/convos/{}", id.as_str().unwrap_or_default());
    let conversation = client.get(&path).await?.body;
    assert_eq!(told.last["conversation"], conversation);
    assert_eq!(
        json!([
            conversation["endpoint"],
            conversation["endpointType"],
            conversation["model"],
            conversation["temperature"],
            conversation["promptPrefix"],
            conversation["title"]
        ]),
        json!(["gated", "custom", "m", 0.5, "Be kind.", "hello"])
    );
    assert!(
        !conversation.to_string().contains("null"),
        "a null makes the client refuse to go on: {conversation}"
    );
    let active = client.get("/api/agents/chat/active").await?.body;
    assert_eq!(active, json!({ "activeJobIds": [] }));
    let list = client.get("/api/convos").await?.body;
    assert_eq!(
        list,
        json!({"conversations": [conversation], "nextCursor": null})
    );
    Ok(())
}

#[tokio::test]
async fn the_next_turn_tells_the_model_the_path_to_the_root() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, told) = turn(&mut upstream, client, &first("one"), "first").await?;
    let next = with(
        first("two"),
        json!({
            "conversationId": started["conversationId"],
            "parentMessageId": told.last["responseMessage"]["messageId"],
            "temperature": 0.25,
        }),
    );
    let (again, call) = begun(&mut upstream, client, &next).await?;
    assert_eq!(again["conversationId"], started["conversationId"]);
    assert_eq!(
        asked(&call),
        vec![
            said("user", "one"),
            said("assistant", "first"),
            said("user", "two")
        ]
    );
    call.say("second")?;
    call.finish()?;
    let told = tell(
        &mut read(client, &again["conversationId"], "").await?,
        Vec::new(),
    )
    .await?;
    // The conversation has the settings of its newest turn.
    assert_eq!(told.last["conversation"]["temperature"], 0.25);
    assert_eq!(messages(client, &again["conversationId"]).await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn quotes_stand_before_the_words_in_this_turn_and_in_every_later_one() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let body = with(first("why?"), json!({"quotes": ["the sky\nis blue"]}));
    let (started, call) = begun(&mut upstream, client, &body).await?;
    let quoted = said("user", "> the sky\n> is blue\n\nwhy?");
    assert_eq!(asked(&call), vec![quoted.clone()]);
    call.say("so")?;
    call.finish()?;
    let told = tell(
        &mut read(client, &started["conversationId"], "").await?,
        Vec::new(),
    )
    .await?;
    let question = &told.last["requestMessage"];
    assert_eq!(question["quotes"], json!(["the sky\nis blue"]));
    assert_eq!(question["text"], "why?");
    let next = with(
        first("and?"),
        json!({
            "conversationId": started["conversationId"],
            "parentMessageId": told.last["responseMessage"]["messageId"],
        }),
    );
    let (_, call) = begun(&mut upstream, client, &next).await?;
    assert_eq!(
        asked(&call),
        vec![quoted, said("assistant", "so"), said("user", "and?")]
    );
    Ok(())
}

#[tokio::test]
async fn a_request_that_comes_twice_begins_one_generation() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let body = with(first("once"), json!({"clientRequestId": "a:request-1"}));
    let (started, call) = begun(&mut upstream, client, &body).await?;
    let again = start(client, &body).await?;
    assert_eq!(again, with(started.clone(), json!({"status": "resumed"})));
    call.say("answer")?;
    call.finish()?;
    let told = tell(
        &mut read(client, &started["conversationId"], "").await?,
        Vec::new(),
    )
    .await?;
    assert_eq!(told.content, vec![text("answer")]);
    // So it is when it comes after the end, too.
    assert_eq!(start(client, &body).await?["status"], "resumed");
    assert!(!upstream.has_call());
    assert_eq!(messages(client, &started["conversationId"]).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_temporary_conversation_stands_in_no_list_and_has_no_title() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let body = with(first("secret"), json!({"isTemporary": true}));
    let (started, told) = turn(&mut upstream, client, &body, "psst").await?;
    let conversation = &told.last["conversation"];
    assert_eq!(conversation["isTemporary"], true);
    assert!(conversation["expiredAt"].is_string(), "{conversation}");
    assert_eq!(told.others, Vec::<String>::new());
    let id = started["conversationId"].as_str().unwrap_or_default();
    let title = client.get(&format!("/api/convos/gen_title/{id}")).await?;
    assert_eq!(title.status, 404, "{title:?}");
    let list = client.get("/api/convos").await?.body;
    assert_eq!(list["conversations"], json!([]));
    assert_eq!(messages(client, &started["conversationId"]).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn the_title_is_there_at_once_where_no_model_makes_one() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, call) = begun(&mut upstream, client, &first("Plan the garden")).await?;
    let id = started["conversationId"].as_str().unwrap_or_default();
    let title = client.get(&format!("/api/convos/gen_title/{id}")).await?;
    assert_eq!(title.body, json!({"title": "Plan the garden"}), "{title:?}");
    drop(call);
    Ok(())
}

#[tokio::test]
async fn what_is_asked_anew_takes_the_place_of_what_runs() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, old) = begun(&mut upstream, client, &first("one")).await?;
    old.say("half")?;
    let id = &started["conversationId"];
    let mut stream = read(client, id, "").await?;
    let body = with(first("other"), json!({"conversationId": id}));
    let (again, new) = begun(&mut upstream, client, &body).await?;
    old.cancelled().await;
    let told = tell(&mut stream, Vec::new()).await?;
    assert_eq!(told.last["aborted"], true);
    assert_eq!(told.last["responseMessage"]["unfinished"], true);
    new.say("whole")?;
    new.finish()?;
    let old_moment = format!("?generationCreatedAt={}", started["generationCreatedAt"]);
    if started["generationCreatedAt"] != again["generationCreatedAt"] {
        let path = format!(
            "/api/agents/chat/stream/{}{old_moment}",
            id.as_str().unwrap_or_default()
        );
        let replaced = client.get(&path).await?;
        assert_eq!(
            (replaced.status, replaced.code()),
            (409, "GENERATION_REPLACED")
        );
    }
    let told = tell(&mut read(client, id, "").await?, Vec::new()).await?;
    assert_eq!(told.content, vec![text("whole")]);
    let outline: Vec<Value> = messages(client, id)
        .await?
        .iter()
        .map(|message| json!([message["text"], message["content"][0]["text"]]))
        .collect();
    assert_eq!(
        outline,
        vec![
            json!(["one", null]),
            json!(["", "half"]),
            json!(["other", null]),
            json!(["", "whole"])
        ]
    );
    Ok(())
}
