//! Titles: cut at once, made by a model afterwards, and the person's own for ever.

use std::time::Duration;

use manent_testkit::{Client, TestServer, new_id};
use serde_json::{Value, json};

use crate::support::upstream::Upstream;
use crate::support::{Test, append, create, say};

const TITLE_MODEL: &str = "title_model = \"small\"";

async fn title(client: &Client, id: &str) -> anyhow::Result<(Value, Value)> {
    let conversation = client.get(&format!("/conversation/{id}")).await?.body;
    Ok((
        conversation["title"].clone(),
        conversation["titleSource"].clone(),
    ))
}

/// Asks until the title is a model's. The answers themselves set the pace.
async fn generated_title(client: &Client, id: &str) -> anyhow::Result<Value> {
    let asking = async {
        loop {
            let (title, source) = title(client, id).await?;
            if source == "generated" {
                return Ok(title);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await?
}

#[tokio::test]
async fn the_first_users_message_is_cut_into_a_title_at_once() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = create(client).await?;
    let of = |role: &str, text: &str| json!({"conversationId": id, "role": role, "content": text});
    append(client, &json!({"message": of("assistant", "I begin")})).await?;
    assert_eq!(title(client, &id).await?, (json!(null), json!("none")));
    append(
        client,
        &json!({"message": of("user", "  ## Plan\u{7} the   garden\nand more")}),
    )
    .await?;
    let cut = (json!("Plan the garden"), json!("cut"));
    assert_eq!(title(client, &id).await?, cut);
    append(client, &json!({"message": of("user", "Something else")})).await?;
    assert_eq!(title(client, &id).await?, cut, "the first one stays");
    Ok(())
}

#[tokio::test]
async fn a_users_title_is_not_cut_over() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = new_id();
    client
        .post("/conversation/create", &json!({"id": id, "title": "Mine"}))
        .await?;
    say(client, &id, "Something else").await?;
    assert_eq!(title(client, &id).await?, (json!("Mine"), json!("user")));
    Ok(())
}

#[tokio::test]
async fn a_model_makes_a_title_in_the_background() -> Test {
    let (mut upstream, server) = Upstream::with_server("", TITLE_MODEL).await?;
    let client = server.client();
    let id = create(client).await?;
    say(client, &id, "How do I plant roses?").await?;
    // The append was answered while the title's model has not said a word.
    let call = upstream.call().await?;
    assert_eq!(call.body["model"], "small");
    assert!(call.body.to_string().contains("How do I plant roses?"));
    assert_eq!(
        title(client, &id).await?,
        (json!("How do I plant roses?"), json!("cut"))
    );
    call.say("\"Planting")?;
    call.say(" roses.\"\n")?;
    call.finish()?;
    assert_eq!(generated_title(client, &id).await?, "Planting roses");

    say(client, &id, "And tulips?").await?;
    let other = create(client).await?;
    say(client, &other, "Another").await?;
    let next = upstream.call().await?;
    assert!(
        next.body.to_string().contains("Another"),
        "a conversation is asked about once"
    );
    Ok(())
}

#[tokio::test]
async fn a_title_that_the_user_sets_meanwhile_is_never_overwritten() -> Test {
    let (mut upstream, server) = Upstream::with_server("", TITLE_MODEL).await?;
    let client = server.client();
    let (id, other) = (create(client).await?, create(client).await?);
    say(client, &id, "How do I plant roses?").await?;
    let call = upstream.call().await?;
    client
        .patch(&format!("/conversation/{id}"), &json!({"title": "Mine"}))
        .await?;
    call.say("Planting roses")?;
    call.finish()?;
    // Titles are made one after the other: when the next one is there, this one is done with.
    say(client, &other, "Another").await?;
    let call = upstream.call().await?;
    call.say("The other")?;
    call.finish()?;
    assert_eq!(generated_title(client, &other).await?, "The other");
    assert_eq!(title(client, &id).await?, (json!("Mine"), json!("user")));
    Ok(())
}

#[tokio::test]
async fn a_failing_title_model_leaves_the_cut() -> Test {
    let (mut upstream, server) = Upstream::with_server("", TITLE_MODEL).await?;
    let client = server.client();
    let (broken, empty, good) = (
        create(client).await?,
        create(client).await?,
        create(client).await?,
    );
    say(client, &broken, "First").await?;
    let call = upstream.call().await?;
    call.say("Half a")?;
    drop(call);
    say(client, &empty, "Second").await?;
    let call = upstream.call().await?;
    call.say(" \n ")?;
    call.finish()?;
    say(client, &good, "Third").await?;
    let call = upstream.call().await?;
    call.say("Fine")?;
    call.finish()?;
    assert_eq!(generated_title(client, &good).await?, "Fine");
    assert_eq!(
        title(client, &broken).await?,
        (json!("First"), json!("cut"))
    );
    assert_eq!(
        title(client, &empty).await?,
        (json!("Second"), json!("cut"))
    );
    Ok(())
}
