//! Append without lanes: storing, repeating, parents, refusals.

use manent_domain::append::{ConflictCause, NewMessage, Outcome, ParentRef};
use manent_domain::error::Refusal;
use manent_domain::message::Message;
use manent_types::{Extras, MessageStatus, Part, Role, Usage};

use super::Store;
use super::person::{
    Person, after, answered, at, conversation, message, plain, said, sequenced, with_content,
};

const fn stored(seq: u64) -> Outcome {
    Outcome::Stored { seq }
}

const fn rejected(refusal: Refusal) -> Outcome {
    Outcome::Rejected(refusal)
}

fn everything() -> Vec<Part> {
    vec![
        Part::Reasoning {
            text: "Let me see.".to_owned(),
            duration_ms: Some(1_200),
            signature: Some("c2ln".to_owned()),
        },
        Part::Text {
            text: "Zoë said: \"42\"\u{0}\u{1f600}".to_owned(),
        },
        Part::Image {
            media_type: Some("image/png".to_owned()),
            data: Some("aGVsbG8=".to_owned()),
            url: None,
        },
        Part::ToolResult {
            tool_call_id: "t1".to_owned(),
            content: "yes".to_owned(),
            is_error: Some(false),
        },
        Part::Error {
            code: "provider_overloaded".to_owned(),
            detail: "later".to_owned(),
        },
    ]
}

/// What is read is what was given.
pub async fn stores_with_everything_that_was_given(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let answer = NewMessage {
        status: MessageStatus::Interrupted,
        model: Some("m-1".to_owned()),
        provider: Some("scripted".to_owned()),
        usage: Some(Usage {
            input_tokens: Some(12),
            cache_read_tokens: Some(0),
            ..Usage::default()
        }),
        created_at: Some(at(-500)),
        ..with_content(message(2), Role::Assistant, everything())
    };
    let batch = vec![
        plain(conversation(1), said(message(1), "Hello")),
        sequenced("phone", 1, conversation(1), answer.clone()),
    ];
    let plan = person.append_plan(batch, 7).await;
    assert_eq!(plan.outcomes[1].outcome, stored(2));
    let question = Message {
        id: message(1),
        conversation: conversation(1),
        parent: None,
        seq: 1,
        role: Role::User,
        content: said(message(1), "Hello").content,
        status: MessageStatus::Complete,
        model: None,
        provider: None,
        usage: None,
        created_at: at(7),
        stored_at: at(7),
        run: None,
        edited_at: None,
        deleted_at: None,
        extras: Extras::new(),
    };
    let answer = Message {
        id: message(2),
        conversation: conversation(1),
        parent: Some(message(1)),
        seq: 2,
        role: Role::Assistant,
        content: answer.content,
        status: answer.status,
        model: answer.model,
        provider: answer.provider,
        usage: answer.usage,
        created_at: at(-500),
        stored_at: at(7),
        run: None,
        edited_at: None,
        deleted_at: None,
        extras: Extras::new(),
    };
    assert_eq!(person.messages(conversation(1)).await, [question, answer]);
}

/// Sending again tells the place of the first time and changes nothing, in the same batch and later.
pub async fn a_repeat_is_a_duplicate(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let hello = || plain(conversation(1), said(message(1), "Hello"));
    let duplicate = Outcome::Duplicate { seq: 1 };
    assert_eq!(
        person.append(vec![hello(), hello()]).await,
        [stored(1), duplicate]
    );
    let before = person.messages(conversation(1)).await;
    let touched = person.conversation(conversation(1)).await;
    let plan = person.append_plan(vec![hello()], 500).await;
    assert_eq!(plan.outcomes[0].outcome, duplicate);
    assert_eq!(plan.touches, []);
    assert_eq!(person.messages(conversation(1)).await, before);
    assert_eq!(person.conversation(conversation(1)).await, touched);
}

/// An id belongs to its first content, parent and conversation.
pub async fn other_content_under_an_id_is_a_conflict(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    person.create(conversation(2), None, 0).await;
    person
        .append(vec![
            plain(conversation(1), said(message(1), "Hello")),
            plain(conversation(1), answered(message(2), "Good day")),
        ])
        .await;
    let before = person.messages(conversation(1)).await;
    let conflict = Outcome::Conflict(ConflictCause::IdTaken);
    let root = NewMessage {
        parent: ParentRef::Root,
        ..answered(message(2), "Good day")
    };
    let outcomes = person
        .append(vec![
            plain(conversation(1), said(message(1), "Good bye")),
            plain(conversation(1), answered(message(1), "Hello")),
            plain(conversation(2), said(message(1), "Hello")),
            plain(conversation(1), root),
            plain(
                conversation(1),
                after(message(1), answered(message(2), "Good day")),
            ),
        ])
        .await;
    assert_eq!(
        outcomes,
        [
            conflict,
            conflict,
            conflict,
            conflict,
            Outcome::Duplicate { seq: 2 }
        ]
    );
    assert_eq!(person.messages(conversation(1)).await, before);
    assert_eq!(person.message_ids(conversation(2)).await, []);
}

/// Ids of messages are unique for an owner, not for the store.
pub async fn the_same_message_for_two_owners_is_two_messages(store: &dyn Store) {
    for number in [1, 2] {
        let person = Person::new(store, number);
        person.create(conversation(1), None, 0).await;
        let words = format!("Hello from {number}");
        let outcome = person
            .append_one(plain(conversation(1), said(message(1), &words)))
            .await;
        assert_eq!(outcome, stored(1));
        assert_eq!(
            person.messages(conversation(1)).await[0].content,
            said(message(1), &words).content
        );
    }
}

/// Neither a conversation nor a parent of another owner can be named.
pub async fn another_owners_conversation_and_parent_do_not_exist(store: &dyn Store) {
    let one = Person::with_conversation(store, conversation(1)).await;
    one.append(vec![plain(conversation(1), said(message(1), "Secret"))])
        .await;
    let other = Person::new(store, 2);
    other.create(conversation(2), None, 0).await;
    let outcomes = other
        .append(vec![
            plain(conversation(1), said(message(2), "Hello")),
            plain(
                conversation(2),
                after(message(1), said(message(3), "Hello")),
            ),
        ])
        .await;
    assert_eq!(
        outcomes,
        [
            rejected(Refusal::ConversationNotFound),
            rejected(Refusal::ParentUnknown)
        ]
    );
    assert_eq!(one.message_ids(conversation(1)).await, [message(1)]);
    assert_eq!(other.message_ids(conversation(2)).await, []);
}

/// The three ways to say which message a new one follows.
pub async fn parents_are_newest_root_or_named(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let root = |number| NewMessage {
        parent: ParentRef::Root,
        ..said(message(number), "root")
    };
    person
        .append(vec![
            plain(conversation(1), said(message(1), "first")),
            plain(conversation(1), said(message(2), "newest")),
            plain(conversation(1), root(3)),
        ])
        .await;
    person
        .append(vec![
            plain(
                conversation(1),
                after(message(1), said(message(4), "named")),
            ),
            plain(
                conversation(1),
                after(message(4), said(message(5), "in the batch")),
            ),
        ])
        .await;
    person
        .append(vec![plain(conversation(1), said(message(6), "newest"))])
        .await;
    let parents: Vec<_> = person
        .messages(conversation(1))
        .await
        .iter()
        .map(|found| found.parent)
        .collect();
    assert_eq!(
        parents,
        [
            None,
            Some(message(1)),
            None,
            Some(message(1)),
            Some(message(4)),
            Some(message(5))
        ]
    );
}

/// A parent is a stored message, or an earlier one of the batch, of the same conversation.
pub async fn a_parent_must_exist_in_the_same_conversation(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    person.create(conversation(2), None, 0).await;
    person
        .append(vec![plain(conversation(1), said(message(1), "here"))])
        .await;
    let outcomes = person
        .append(vec![
            plain(conversation(2), after(message(1), said(message(2), "a"))),
            plain(conversation(1), after(message(99), said(message(3), "b"))),
            plain(
                conversation(1),
                after(message(4), said(message(4), "itself")),
            ),
            plain(
                conversation(1),
                after(message(6), said(message(5), "too early")),
            ),
            plain(conversation(1), said(message(6), "late")),
        ])
        .await;
    assert_eq!(
        outcomes,
        [
            rejected(Refusal::ParentElsewhere),
            rejected(Refusal::ParentUnknown),
            rejected(Refusal::ParentUnknown),
            rejected(Refusal::ParentUnknown),
            stored(2)
        ]
    );
}

/// What follows a refused message of the batch is blocked, and what follows that.
pub async fn a_child_of_a_refused_message_is_blocked(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let outcomes = person
        .append(vec![
            plain(
                conversation(1),
                after(message(99), said(message(1), "lost")),
            ),
            plain(
                conversation(1),
                after(message(1), answered(message(2), "a")),
            ),
            plain(conversation(1), after(message(2), said(message(3), "b"))),
            plain(conversation(1), said(message(4), "apart")),
        ])
        .await;
    assert_eq!(
        outcomes,
        [
            rejected(Refusal::ParentUnknown),
            Outcome::Blocked,
            Outcome::Blocked,
            stored(1)
        ]
    );
}

/// Without a lane nothing is remembered: the id can still be used.
pub async fn a_refused_plain_message_may_be_sent_again(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let lost = plain(conversation(1), after(message(2), said(message(1), "a")));
    assert_eq!(
        person.append_one(lost.clone()).await,
        rejected(Refusal::ParentUnknown)
    );
    person
        .append(vec![plain(conversation(1), said(message(2), "b"))])
        .await;
    assert_eq!(person.append_one(lost).await, stored(2));
}

/// Conversations of one batch count apart.
pub async fn one_batch_may_write_into_several_conversations(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    person.create(conversation(2), None, 0).await;
    let plan = person
        .append_plan(
            vec![
                plain(conversation(2), said(message(1), "two")),
                plain(conversation(1), said(message(2), "one")),
                plain(conversation(2), said(message(3), "two again")),
            ],
            5,
        )
        .await;
    let outcomes: Vec<_> = plan.outcomes.iter().map(|item| item.outcome).collect();
    assert_eq!(outcomes, [stored(1), stored(1), stored(2)]);
    assert_eq!(plan.touches.len(), 2, "each conversation is touched once");
    assert_eq!(person.conversation(conversation(1)).await.last_seq, 1);
    assert_eq!(person.conversation(conversation(2)).await.last_seq, 2);
}

/// A person's words bring a conversation back, an answer does not, a repeat does not.
pub async fn a_users_message_takes_a_conversation_out_of_the_trash(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let id = conversation(1);
    person
        .append(vec![plain(id, said(message(1), "Hello"))])
        .await;
    store.trash(person.owner, id, at(70)).await.unwrap();
    person
        .append(vec![
            plain(id, said(message(1), "Hello")),
            plain(id, answered(message(2), "Good day")),
        ])
        .await;
    let found = person.conversation(id).await;
    assert_eq!((found.trashed_at, found.last_seq), (Some(at(70)), 2));
    person
        .append(vec![plain(id, said(message(3), "Still here"))])
        .await;
    let found = person.conversation(id).await;
    assert_eq!((found.trashed_at, found.last_seq), (None, 3));
}

/// Refused, repeated and conflicting items take no place.
pub async fn seq_counts_without_holes_over_refusals(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    for round in 0..3_u128 {
        let base = round * 10;
        person
            .append(vec![
                plain(conversation(1), said(message(base + 1), "a")),
                plain(
                    conversation(1),
                    after(message(999), said(message(base + 2), "lost")),
                ),
                plain(conversation(1), said(message(base + 1), "a")),
                plain(conversation(1), said(message(base + 1), "other")),
                plain(conversation(1), said(message(base + 3), "b")),
            ])
            .await;
    }
    let seqs: Vec<_> = person
        .messages(conversation(1))
        .await
        .iter()
        .map(|found| found.seq)
        .collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
}
