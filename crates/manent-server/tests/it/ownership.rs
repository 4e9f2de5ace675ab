//! Somebody else's rows do not exist.

use manent_domain::append::{NewMessage, Outcome, ParentRef, Submission};
use manent_domain::conversation::NewConversation;
use manent_domain::message::Fingerprint;
use manent_domain::ports::{ConversationRepository, MessageRepository};
use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use manent_testkit::{TestServer, new_id};
use manent_types::{ConversationId, MessageId, Part, Role, Timestamp, UserId};
use serde_json::{Value, json};

use crate::support::redaction::redacted;
use crate::support::{Test, append, create, database, say};

/// A server in whose store another user has a conversation with a message.
struct Neighbours {
    server: TestServer,
    conversation: ConversationId,
    message: MessageId,
}

async fn neighbours() -> anyhow::Result<Neighbours> {
    let directory = tempfile::tempdir()?;
    let store = SqliteStore::open(SqliteConfig::new(directory.path()))?;
    let owner = UserId::new(new_id().parse()?);
    let conversation: ConversationId = new_id().parse()?;
    let message: MessageId = new_id().parse()?;
    let now: Timestamp = "2026-11-21T06:00:00.000Z".parse()?;
    let new = NewConversation {
        title: Some("Secret needle".to_owned()),
        ..NewConversation::new(conversation)
    };
    store.create(owner, new, now).await?;
    let content = vec![Part::Text {
        text: "A secret needle in a haystack".to_owned(),
    }];
    let body = NewMessage {
        id: message,
        parent: ParentRef::Root,
        role: Role::User,
        fingerprint: Fingerprint::of(Role::User, &content)?,
        content,
        status: manent_types::MessageStatus::Complete,
        model: None,
        provider: None,
        usage: None,
        created_at: None,
        extras: manent_types::Extras::new(),
    };
    let submission = Submission {
        conversation,
        lane: None,
        id: Some(message),
        body: Ok(body.into()),
    };
    let plan = store.append(owner, vec![submission], now).await?;
    anyhow::ensure!(plan.outcomes[0].outcome == Outcome::Stored { seq: 1 });
    store.close().await;
    let server = TestServer::start_in(directory, "").await?;
    Ok(Neighbours {
        server,
        conversation,
        message,
    })
}

/// What an answer tells, without the trace and the ids.
fn told(answer: &manent_testkit::Answer) -> (u16, Value) {
    (answer.status, redacted(&answer.body))
}

#[tokio::test]
async fn anothers_conversation_is_answered_like_one_that_never_was() -> Test {
    let neighbours = neighbours().await?;
    let client = neighbours.server.client();
    let before = database::rows(neighbours.server.data_dir())?;
    let (theirs, nobodys) = (neighbours.conversation.to_string(), new_id());
    let mut told_of = Vec::new();
    for id in [&theirs, &nobodys] {
        let path = format!("/conversation/{id}");
        let message = json!({"message": {"conversationId": id, "role": "user", "content": "x"}});
        let answers = [
            client.get(&path).await?,
            client.patch(&path, &json!({"title": "mine now"})).await?,
            client.delete(&path).await?,
            client.post(&format!("{path}/restore"), &json!({})).await?,
            client.get(&format!("{path}/messages")).await?,
            client.get(&format!("{path}/messages?order=newest")).await?,
            client.post("/message/append", &message).await?,
        ];
        for answer in &answers {
            assert_eq!(
                (answer.status, answer.code()),
                (404, "conversation_not_found")
            );
        }
        told_of.push(answers.each_ref().map(told));
    }
    assert_eq!(told_of[0], told_of[1], "nothing tells theirs from nobody's");
    for query in ["secret", "needle", "haystack", "s"] {
        let answer = client.get(&format!("/search?q={query}")).await?;
        assert_eq!(answer.body, json!({"hits": [], "next": null}));
    }
    for list in ["", "?archived=true", "?trashed=true"] {
        let answer = client.get(&format!("/conversations{list}")).await?;
        assert_eq!(answer.body, json!({"conversations": [], "next": null}));
    }
    let mut after = database::rows(neighbours.server.data_dir())?;
    // The local user's own row may have been made.
    after.insert("users", before["users"]);
    assert_eq!(after, before);
    Ok(())
}

#[tokio::test]
async fn anothers_ids_are_free_and_their_messages_are_no_parents() -> Test {
    let neighbours = neighbours().await?;
    let client = neighbours.server.client();
    let own = create(client).await?;
    let message = |parent: &str| json!({"conversationId": own, "parentId": parent, "role": "user", "content": "x"});
    let mut told_of = Vec::new();
    for parent in [neighbours.message.to_string(), new_id()] {
        let answer = client
            .post("/message/append", &json!({"message": message(&parent)}))
            .await?;
        assert_eq!((answer.status, answer.code()), (422, "parent_unknown"));
        told_of.push(told(&answer));
    }
    assert_eq!(told_of[0], told_of[1]);

    // Ids are each owner's own: theirs is neither a conflict nor a duplicate here, even with the same words.
    let id = neighbours.message.to_string();
    let same = json!({"id": id, "conversationId": own, "role": "user", "content": "A secret needle in a haystack"});
    assert_eq!(
        append(client, &json!({"message": same})).await?,
        json!([{"id": id, "outcome": "stored", "seq": 1}])
    );
    let theirs = neighbours.conversation.to_string();
    let created = client
        .post("/conversation/create", &json!({"id": theirs}))
        .await?;
    assert_eq!(
        (created.status, &created.body["title"]),
        (201, &json!(null))
    );
    say(client, &theirs, "mine").await?;
    assert_eq!(client.all_messages(&theirs).await?.len(), 1);
    Ok(())
}
