//! Conversations are read from the server, and from this device when it is away.

use manent_client::{ConversationQuery, MessageQuery, NewConversation, Role, text_of};

use crate::support::{Test, World, saved, soon};

fn texts(transcript: &manent_client::Transcript) -> Vec<(Role, String)> {
    transcript
        .messages
        .iter()
        .map(|message| (message.role, text_of(&message.content)))
        .collect()
}

#[tokio::test]
async fn conversations_are_created_listed_renamed_and_read() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let conversations = client.conversations();
    let created = conversations
        .create(&NewConversation {
            title: Some("First".to_owned()),
            ..NewConversation::default()
        })
        .await?;
    let mut sent = client
        .messages()
        .send_message("Hello", Some(created.id))
        .await?;
    soon(sent.answer.end()).await?;
    saved(&client).await?;
    conversations.rename(created.id, "Renamed").await?;
    let list = conversations.list(&ConversationQuery::default()).await?;
    let titles: Vec<_> = list
        .conversations
        .iter()
        .map(|conversation| conversation.title.as_deref())
        .collect();
    assert_eq!(titles, [Some("Renamed")]);
    let query = MessageQuery {
        limit: Some(1),
        ..MessageQuery::default()
    };
    let page = conversations.messages(created.id, &query).await?;
    assert_eq!(text_of(&page.messages[0].content), "Hello");
    assert!(page.next.is_some());
    Ok(())
}

#[tokio::test]
async fn a_conversation_goes_on_without_a_server_from_the_copy_of_this_device() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let mut sent = client.messages().send_message("Hello", None).await?;
    soon(sent.answer.end()).await?;
    saved(&client).await?;
    let id = sent.conversation_id;
    let read = client.conversations().transcript(id).await?;
    assert!(!read.is_copy);
    client.close().await;

    world.proxy.go_down().await;
    let client = world.client().await?;
    let copy = client.conversations().transcript(id).await?;
    assert!(copy.is_copy);
    assert_eq!(texts(&copy), texts(&read));
    let mut next = client.messages().send_message("and now?", Some(id)).await?;
    let with_it = client.conversations().transcript(id).await?;
    assert_eq!(
        texts(&with_it).last(),
        Some(&(Role::User, "and now?".to_owned()))
    );

    world.proxy.accept().await;
    assert_eq!(soon(next.answer.end()).await?.text, "You said: and now?");
    saved(&client).await?;
    let whole = client.conversations().transcript(id).await?;
    assert_eq!(texts(&whole).len(), 4);
    Ok(())
}
