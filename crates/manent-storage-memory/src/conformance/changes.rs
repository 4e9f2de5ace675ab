//! Changes of what is stored: edits, deletions, the trash.

use manent_domain::append::{ChangeKind, ConflictCause, NewMessage, Outcome, Submission};
use manent_domain::error::Refusal;
use manent_domain::message::Message;
use manent_domain::search::{HitKind, SearchHit};
use manent_types::{MessageId, MessageStatus};

use super::Store;
use super::person::{
    ACTIVE, Person, after, answered, at, change, conversation, delete, edit, message, plain,
    plain_change, said, sequenced, sequenced_change, text, undelete,
};

const fn stored(seq: u64) -> Outcome {
    Outcome::Stored { seq }
}

const fn duplicate(seq: u64) -> Outcome {
    Outcome::Duplicate { seq }
}

const fn rejected(refusal: Refusal) -> Outcome {
    Outcome::Rejected(refusal)
}

/// The first conversation with a question and its answer.
async fn with_two_messages(store: &dyn Store) -> Person<'_> {
    let person = Person::with_conversation(store, conversation(1)).await;
    let batch = vec![
        plain(conversation(1), said(message(1), "blue whale")),
        plain(conversation(1), answered(message(2), "red fox")),
    ];
    assert_eq!(person.append(batch).await, [stored(1), stored(2)]);
    person
}

/// A plain change in the first conversation.
fn in_first(id: u128, kind: ChangeKind) -> Submission {
    plain_change(conversation(1), change(message(id), kind))
}

/// A plain change at this time.
async fn apply(person: &Person<'_>, id: u128, kind: ChangeKind, seconds: i64) -> Outcome {
    let plan = person.append_plan(vec![in_first(id, kind)], seconds).await;
    plan.outcomes[0].outcome
}

/// Everything but the content and the time of the edit stays.
pub async fn an_edit_replaces_the_content_and_says_when(store: &dyn Store) {
    let person = with_two_messages(store).await;
    let before = person.message(message(1)).await;
    let first = apply(&person, 11, edit(message(1), "grey whale"), 70).await;
    assert_eq!(first, stored(1), "the message's place is answered");
    let second = apply(&person, 12, edit(message(1), "white whale"), 80).await;
    assert_eq!(second, stored(1));
    let expected = Message {
        content: text("white whale"),
        edited_at: Some(at(80)),
        ..before
    };
    assert_eq!(person.message(message(1)).await, expected);
    assert_eq!(person.messages(conversation(1)).await[0], expected);
}

/// The content, and whatever else there is, outlives the deletion; the first deletion's time stays.
pub async fn a_deletion_is_a_mark_and_its_undoing_brings_the_same_back(store: &dyn Store) {
    let person = with_two_messages(store).await;
    let before = person.message(message(1)).await;
    assert_eq!(apply(&person, 11, delete(message(1)), 70).await, stored(1));
    assert_eq!(apply(&person, 12, delete(message(1)), 80).await, stored(1));
    let deleted = Message {
        deleted_at: Some(at(70)),
        ..before.clone()
    };
    assert_eq!(person.message(message(1)).await, deleted);
    assert_eq!(
        person.message_ids(conversation(1)).await,
        [message(1), message(2)],
        "its place stays"
    );
    assert_eq!(
        apply(&person, 13, undelete(message(1)), 90).await,
        stored(1)
    );
    assert_eq!(
        apply(&person, 14, undelete(message(1)), 95).await,
        stored(1)
    );
    assert_eq!(person.message(message(1)).await, before);
}

/// Both marks are independent.
pub async fn a_deleted_message_may_be_edited_and_stays_deleted(store: &dyn Store) {
    let person = with_two_messages(store).await;
    let batch = vec![
        in_first(11, delete(message(2))),
        in_first(12, edit(message(2), "red panda")),
    ];
    assert_eq!(person.append(batch).await, [stored(2), stored(2)]);
    let found = person.message(message(2)).await;
    assert_eq!(
        (found.content, found.edited_at, found.deleted_at),
        (text("red panda"), Some(at(60)), Some(at(60)))
    );
}

/// A change is applied once: an old edit that is sent again does not undo a newer one.
pub async fn a_repeat_of_a_change_is_a_duplicate_and_does_nothing(store: &dyn Store) {
    let person = with_two_messages(store).await;
    let grey = || in_first(11, edit(message(1), "grey whale"));
    let white = || in_first(12, edit(message(1), "white whale"));
    assert_eq!(
        person.append(vec![grey(), white(), grey()]).await,
        [stored(1), stored(1), duplicate(1)]
    );
    let before = person.message(message(1)).await;
    let touched = person.conversation(conversation(1)).await;
    let plan = person.append_plan(vec![grey()], 500).await;
    assert_eq!(plan.outcomes[0].outcome, duplicate(1));
    assert_eq!(plan.touches, []);
    assert_eq!(person.message(message(1)).await, before);
    assert_eq!(person.conversation(conversation(1)).await, touched);
}

/// Without a lane nothing is remembered of a refusal.
pub async fn a_refused_plain_change_may_be_sent_again(store: &dyn Store) {
    let person = with_two_messages(store).await;
    let early = || in_first(11, edit(message(3), "now"));
    assert_eq!(
        person.append_one(early()).await,
        rejected(Refusal::TargetUnknown)
    );
    person
        .append_one(plain(conversation(1), said(message(3), "then")))
        .await;
    assert_eq!(person.append_one(early()).await, stored(3));
    assert_eq!(person.message(message(3)).await.content, text("now"));
}

/// Other words, another kind, another message, another conversation.
pub async fn another_change_under_an_id_is_a_conflict(store: &dyn Store) {
    let person = with_two_messages(store).await;
    person.create(conversation(2), None, 0).await;
    let first = edit(message(1), "grey whale");
    assert_eq!(
        person.append_one(in_first(11, first.clone())).await,
        stored(1)
    );
    let others = vec![
        in_first(11, edit(message(1), "white whale")),
        in_first(11, delete(message(1))),
        in_first(11, edit(message(2), "grey whale")),
        plain_change(conversation(2), change(message(11), first)),
        in_first(11, ChangeKind::Trash),
    ];
    let taken = Outcome::Conflict(ConflictCause::IdTaken);
    assert_eq!(person.append(others).await, [taken; 5]);
    assert_eq!(person.message(message(1)).await.content, text("grey whale"));
    assert_eq!(person.conversation(conversation(1)).await.trashed_at, None);
}

/// Owners share no ids.
pub async fn the_same_change_for_two_owners_is_two_changes(store: &dyn Store) {
    let person = with_two_messages(store).await;
    let other = Person::new(store, 2);
    other.create(conversation(1), None, 0).await;
    other
        .append_one(plain(conversation(1), said(message(1), "mine")))
        .await;
    let rename = || in_first(11, edit(message(1), "grey whale"));
    assert_eq!(person.append_one(rename()).await, stored(1));
    assert_eq!(other.message(message(1)).await.content, text("mine"));
    assert_eq!(other.append_one(rename()).await, stored(1));
    assert_eq!(other.message(message(1)).await.content, text("grey whale"));
}

/// Changes and messages are looked up apart, also when they are sent again in their lane.
pub async fn a_change_may_have_the_id_of_a_message(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let batch = || {
        vec![
            sequenced("phone", 1, conversation(1), said(message(1), "then")),
            sequenced_change(
                "phone",
                2,
                conversation(1),
                change(message(1), edit(message(1), "now")),
            ),
        ]
    };
    assert_eq!(person.append(batch()).await, [stored(1), stored(1)]);
    assert_eq!(person.append(batch()).await, [duplicate(1), duplicate(1)]);
    assert_eq!(person.message(message(1)).await.content, text("now"));
}

/// Unknown, elsewhere, another owner's.
pub async fn a_target_must_exist_in_the_same_conversation(store: &dyn Store) {
    let person = with_two_messages(store).await;
    person.create(conversation(2), None, 0).await;
    person
        .append_one(plain(conversation(2), said(message(3), "elsewhere")))
        .await;
    let other = Person::new(store, 2);
    other.create(conversation(1), None, 0).await;
    other
        .append_one(plain(conversation(1), said(message(4), "theirs")))
        .await;
    let batch = vec![
        in_first(11, edit(message(9), "x")),
        in_first(12, delete(message(3))),
        in_first(13, undelete(message(4))),
    ];
    assert_eq!(
        person.append(batch).await,
        [rejected(Refusal::TargetUnknown); 3]
    );
    assert_eq!(person.message(message(3)).await.deleted_at, None);
}

/// In the same batch, and in later ones when the refusal is remembered.
pub async fn a_change_of_a_refused_message_is_blocked(store: &dyn Store) {
    let person = with_two_messages(store).await;
    let orphan = after(message(99), said(message(3), "orphan"));
    let batch = vec![
        sequenced("phone", 1, conversation(1), orphan),
        sequenced_change(
            "phone",
            2,
            conversation(1),
            change(message(12), edit(message(3), "x")),
        ),
    ];
    assert_eq!(
        person.append(batch).await,
        [rejected(Refusal::ParentUnknown), Outcome::Blocked]
    );
    let later = sequenced_change(
        "phone",
        3,
        conversation(1),
        change(message(13), delete(message(3))),
    );
    assert_eq!(person.append_one(later).await, Outcome::Blocked);
}

/// As for a message.
pub async fn a_change_of_a_missing_conversation_is_refused(store: &dyn Store) {
    let person = with_two_messages(store).await;
    let batch = vec![
        plain_change(conversation(9), change(message(11), ChangeKind::Trash)),
        plain_change(conversation(9), change(message(12), delete(message(1)))),
    ];
    assert_eq!(
        person.append(batch).await,
        [rejected(Refusal::ConversationNotFound); 2]
    );
}

/// One count for both; a gap stops both; a resend gets the same places.
pub async fn changes_and_messages_share_the_numbers_of_a_lane(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let items = || {
        let first = conversation(1);
        vec![
            sequenced("phone", 1, first, said(message(1), "one")),
            sequenced_change(
                "phone",
                2,
                first,
                change(message(11), edit(message(1), "a")),
            ),
            sequenced("phone", 3, first, said(message(2), "two")),
            sequenced_change(
                "phone",
                4,
                first,
                change(message(12), edit(message(1), "b")),
            ),
            sequenced_change("phone", 5, first, change(message(13), delete(message(2)))),
        ]
    };
    let gap = Outcome::Gap { expected: 3 };
    let mut with_gap = items();
    with_gap.remove(2);
    assert_eq!(
        person.append(with_gap).await,
        [stored(1), stored(1), gap, gap]
    );
    assert_eq!(person.message(message(1)).await.content, text("a"));
    let expected = [duplicate(1), duplicate(1), stored(2), stored(1), stored(2)];
    assert_eq!(person.append(items()).await, expected);
    let expected = [1, 1, 2, 1, 2].map(duplicate);
    assert_eq!(person.append(items()).await, expected);
    assert_eq!(person.message(message(1)).await.content, text("b"));
    assert_eq!(person.message(message(2)).await.deleted_at, Some(at(60)));
}

/// The number is used up, and sending it again gets the same refusal even when the message is there by then.
pub async fn a_refused_change_takes_its_number_and_is_remembered(store: &dyn Store) {
    let person = with_two_messages(store).await;
    let refused = || {
        sequenced_change(
            "phone",
            1,
            conversation(1),
            change(message(11), edit(message(3), "x")),
        )
    };
    let unknown = rejected(Refusal::TargetUnknown);
    assert_eq!(person.append_one(refused()).await, unknown);
    person
        .append_one(plain(conversation(1), said(message(3), "late")))
        .await;
    assert_eq!(person.append_one(refused()).await, unknown);
    let next = sequenced_change(
        "phone",
        2,
        conversation(1),
        change(message(12), edit(message(3), "y")),
    );
    assert_eq!(person.append_one(next).await, stored(3));
    assert_eq!(person.message(message(3)).await.content, text("y"));
    let other = sequenced_change(
        "phone",
        2,
        conversation(1),
        change(message(13), edit(message(3), "z")),
    );
    assert_eq!(
        person.append_one(other).await,
        Outcome::Conflict(ConflictCause::DeviceSeqTaken)
    );
}

/// In a lane or without; the first time in the trash stays; the newest place is answered.
pub async fn the_trash_is_a_change_too(store: &dyn Store) {
    let person = with_two_messages(store).await;
    assert_eq!(apply(&person, 11, ChangeKind::Trash, 70).await, stored(2));
    assert_eq!(apply(&person, 12, ChangeKind::Trash, 80).await, stored(2));
    let trashed = person.conversation(conversation(1)).await;
    assert_eq!(
        (trashed.trashed_at, trashed.updated_at),
        (Some(at(70)), at(80))
    );
    assert_eq!(person.list(&ACTIVE).await, []);
    let restore = sequenced_change(
        "phone",
        1,
        conversation(1),
        change(message(13), ChangeKind::Restore),
    );
    assert_eq!(person.append_one(restore.clone()).await, stored(2));
    assert_eq!(person.list(&ACTIVE).await, [conversation(1)]);
    assert_eq!(apply(&person, 14, ChangeKind::Trash, 90).await, stored(2));
    assert_eq!(person.append_one(restore).await, duplicate(2));
    assert_eq!(
        person.conversation(conversation(1)).await.trashed_at,
        Some(at(90))
    );
}

/// A user's message takes the conversation out, what stands after it puts it back.
pub async fn the_last_word_of_a_batch_decides_about_the_trash(store: &dyn Store) {
    let person = with_two_messages(store).await;
    let batch = vec![
        in_first(11, ChangeKind::Trash),
        plain(conversation(1), said(message(3), "wait")),
    ];
    assert_eq!(person.append(batch).await, [stored(2), stored(3)]);
    let trashed_at = person.conversation(conversation(1)).await.trashed_at;
    assert_eq!(trashed_at, None);
    let batch = vec![
        plain(conversation(1), said(message(4), "no")),
        in_first(12, ChangeKind::Trash),
        plain(conversation(1), answered(message(5), "fine")),
    ];
    assert_eq!(
        person.append(batch).await,
        [stored(4), stored(4), stored(5)]
    );
    let trashed_at = person.conversation(conversation(1)).await.trashed_at;
    assert_eq!(trashed_at, Some(at(60)));
}

/// The lists are ordered by messages.
pub async fn a_change_moves_nothing_up_in_the_lists(store: &dyn Store) {
    let person = with_two_messages(store).await;
    person.create(conversation(2), None, 65).await;
    let before = person.conversation(conversation(1)).await;
    apply(&person, 11, edit(message(1), "grey whale"), 70).await;
    assert_eq!(
        person.list(&ACTIVE).await,
        [conversation(2), conversation(1)]
    );
    let changed = person.conversation(conversation(1)).await;
    assert_eq!(changed.updated_at, at(70));
    assert_eq!(changed.last_message_at, before.last_message_at);
    assert_eq!(changed.last_seq, before.last_seq);
}

/// As it was appended, not as it was edited.
pub async fn a_message_is_known_again_after_an_edit(store: &dyn Store) {
    let person = with_two_messages(store).await;
    apply(&person, 11, edit(message(1), "grey whale"), 70).await;
    let again = |words| plain(conversation(1), said(message(1), words));
    assert_eq!(person.append_one(again("blue whale")).await, duplicate(1));
    assert_eq!(
        person.append_one(again("grey whale")).await,
        Outcome::Conflict(ConflictCause::IdTaken)
    );
    assert_eq!(person.message(message(1)).await.content, text("grey whale"));
}

fn ids(hits: &[SearchHit]) -> Vec<MessageId> {
    let id = |hit: &SearchHit| match hit.kind {
        HitKind::Message { id, .. } => Some(id),
        HitKind::Title => None,
    };
    hits.iter().filter_map(id).collect()
}

/// The new words, not the old ones.
pub async fn the_search_finds_what_a_message_says_now(store: &dyn Store) {
    let person = with_two_messages(store).await;
    apply(&person, 11, edit(message(2), "red panda"), 70).await;
    assert_eq!(ids(&person.search(&["panda"]).await), [message(2)]);
    assert_eq!(ids(&person.search(&["fox"]).await), []);
    // Stored and edited in one batch.
    let batch = vec![
        plain(conversation(1), said(message(3), "green snake")),
        in_first(12, edit(message(3), "green gecko")),
        in_first(13, edit(message(3), "green newt")),
    ];
    person.append(batch).await;
    assert_eq!(ids(&person.search(&["newt"]).await), [message(3)]);
    assert_eq!(ids(&person.search(&["snake"]).await), []);
    assert_eq!(ids(&person.search(&["gecko"]).await), []);
}

/// Neither as it was nor as it was edited meanwhile; after the undoing again, as it is then.
pub async fn the_search_does_not_find_what_is_deleted(store: &dyn Store) {
    let person = with_two_messages(store).await;
    apply(&person, 11, delete(message(2)), 70).await;
    assert_eq!(ids(&person.search(&["fox"]).await), []);
    apply(&person, 12, edit(message(2), "red panda"), 80).await;
    assert_eq!(ids(&person.search(&["panda"]).await), []);
    apply(&person, 13, undelete(message(2)), 90).await;
    assert_eq!(ids(&person.search(&["panda"]).await), [message(2)]);
    assert_eq!(ids(&person.search(&["fox"]).await), []);
    // Stored, deleted and taken back in one batch.
    let batch = vec![
        plain(conversation(1), said(message(3), "green snake")),
        in_first(14, delete(message(3))),
    ];
    person.append(batch).await;
    assert_eq!(ids(&person.search(&["snake"]).await), []);
    let batch = vec![
        in_first(15, undelete(message(3))),
        in_first(16, delete(message(3))),
        in_first(17, undelete(message(3))),
    ];
    person.append(batch).await;
    assert_eq!(ids(&person.search(&["snake"]).await), [message(3)]);
}

/// Only for its owner.
pub async fn a_message_is_found_by_its_id_deleted_or_not(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let said = NewMessage {
        status: MessageStatus::Interrupted,
        model: Some("m-1".to_owned()),
        ..answered(message(1), "half a")
    };
    person.append_one(plain(conversation(1), said)).await;
    assert_eq!(
        person.find_message(message(1)).await.as_ref(),
        person.messages(conversation(1)).await.first()
    );
    apply(&person, 11, delete(message(1)), 70).await;
    assert_eq!(person.message(message(1)).await.content, text("half a"));
    assert_eq!(person.find_message(message(2)).await, None);
    let other = Person::new(store, 2);
    assert_eq!(other.find_message(message(1)).await, None);
}
