//! The tree of messages: other answers to the same message, other messages in the same place.

use serde_json::{Value, json};

use super::{
    NO_PARENT, asked, begun, first, messages, nobody, read, said, tell, text, turn, with, world,
};
use crate::support::Test;

#[tokio::test]
async fn another_answer_stands_beside_the_first_and_does_not_see_it() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, told) = turn(&mut upstream, client, &first("hi"), "one").await?;
    let id = &started["conversationId"];
    let (question, old) = (&told.last["requestMessage"], &told.last["responseMessage"]);
    let placeholder = format!("{}_", old["messageId"].as_str().unwrap_or_default());
    let body = with(
        first("hi"),
        json!({"conversationId": id, "overrideParentMessageId": question["messageId"], "responseMessageId": placeholder, "isRegenerate": true}),
    );
    let (again, call) = begun(&mut upstream, client, &body).await?;
    assert_eq!(asked(&call), vec![said("user", "hi")]);
    call.say("two")?;
    call.finish()?;
    let told = tell(
        &mut read(client, &again["conversationId"], "").await?,
        Vec::new(),
    )
    .await?;
    assert_eq!(told.created["message"], *question);
    assert_eq!(told.last["requestMessage"], *question);
    let new = &told.last["responseMessage"];
    assert_ne!(new["messageId"], old["messageId"]);
    assert_eq!(new["parentMessageId"], question["messageId"]);
    let stored = messages(client, id).await?;
    assert_eq!(stored, vec![question.clone(), old.clone(), new.clone()]);
    Ok(())
}

#[tokio::test]
async fn an_edited_message_is_a_new_one_in_the_same_place() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, _) = turn(&mut upstream, client, &first("hi"), "one").await?;
    let id = &started["conversationId"];
    let body = with(first("hey"), json!({"conversationId": id}));
    let (_, call) = begun(&mut upstream, client, &body).await?;
    assert_eq!(asked(&call), vec![said("user", "hey")]);
    call.say("two")?;
    call.finish()?;
    let told = tell(&mut read(client, id, "").await?, Vec::new()).await?;
    assert_eq!(told.last["requestMessage"]["parentMessageId"], NO_PARENT);
    let stored = messages(client, id).await?;
    let roots: Vec<&Value> = stored
        .iter()
        .filter(|message| message["parentMessageId"] == NO_PARENT)
        .map(|message| &message["text"])
        .collect();
    assert_eq!(roots, vec!["hi", "hey"]);
    Ok(())
}

#[tokio::test]
async fn an_edited_answer_is_gone_on_with_in_a_new_one() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, told) = turn(&mut upstream, client, &first("hi"), "one").await?;
    let id = &started["conversationId"];
    let (question, old) = (&told.last["requestMessage"], &told.last["responseMessage"]);
    let body = with(
        first("hi"),
        json!({
            "conversationId": id, "overrideParentMessageId": question["messageId"], "responseMessageId": old["messageId"],
            "isRegenerate": true, "editedContent": {"index": 0, "type": "text", "text": "One, "},
        }),
    );
    let (_, call) = begun(&mut upstream, client, &body).await?;
    assert_eq!(
        asked(&call),
        vec![said("user", "hi"), said("assistant", "One, ")]
    );
    call.say("two")?;
    call.finish()?;
    let told = tell(&mut read(client, id, "").await?, Vec::new()).await?;
    // The client has what was there and adds what comes.
    assert_eq!(told.content, vec![text("two")]);
    let new = &told.last["responseMessage"];
    assert_eq!(new["content"], json!([text("One, two")]));
    assert_eq!(
        messages(client, id).await?,
        vec![question.clone(), old.clone(), new.clone()]
    );
    let wrong = [
        (
            json!({"editedContent": {"index": 7, "type": "text", "text": "x"}}),
            400,
        ),
        (
            json!({"editedContent": {"index": 0, "type": "think", "think": "x"}}),
            400,
        ),
        (json!({"responseMessageId": nobody()}), 404),
        (json!({"overrideParentMessageId": nobody()}), 404),
    ];
    for (more, status) in wrong {
        let answer = client
            .post("/api/agents/chat/gated", &with(body.clone(), more.clone()))
            .await?;
        assert_eq!(answer.status, status, "{more} {answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_is_continued_with_all_that_it_says() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, told) = turn(&mut upstream, client, &first("hi"), "one").await?;
    let id = &started["conversationId"];
    let body = with(
        first("hi"),
        json!({
            "conversationId": id, "overrideParentMessageId": told.last["requestMessage"]["messageId"],
            "responseMessageId": told.last["responseMessage"]["messageId"], "isContinued": true,
        }),
    );
    let (_, call) = begun(&mut upstream, client, &body).await?;
    assert_eq!(
        asked(&call),
        vec![said("user", "hi"), said("assistant", "one")]
    );
    call.say(" two")?;
    call.finish()?;
    let told = tell(&mut read(client, id, "").await?, Vec::new()).await?;
    assert_eq!(
        told.last["responseMessage"]["content"],
        json!([text("one two")])
    );
    Ok(())
}
