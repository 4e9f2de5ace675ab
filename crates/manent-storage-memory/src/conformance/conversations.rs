//! Conversations: creating, finding, listing, changing, trashing.

use manent_domain::conversation::{
    ConversationCursor, ConversationDates, ConversationFilter, ConversationPatch, Created,
    CursorKey, NewConversation, Patched, TitleSource,
};
use manent_domain::ports::ConversationRepository;
use manent_types::{ConversationId, ModelSettings};

use super::Store;
use super::person::{ACTIVE, Person, at, conversation, message, plain, said};

fn settings() -> ModelSettings {
    ModelSettings {
        model: Some("m-1".to_owned()),
        temperature: Some(0.25),
        stop: vec!["\n".to_owned()],
        ..ModelSettings::default()
    }
}

/// The same id again finds the first one, whatever else is given.
pub async fn create_is_idempotent(store: &dyn Store) {
    let person = Person::new(store, 1);
    let first = person.create_new(conversation(1), Some("Garden"), 10).await;
    let again = person.create(conversation(1), Some("Kitchen"), 20).await;
    assert_eq!(again, Created::Existing(first.clone()));
    assert_eq!(person.conversation(conversation(1)).await, first);
    assert_eq!(person.list(&ACTIVE).await, [conversation(1)]);
}

/// What creation answers is what is stored.
pub async fn create_answers_what_find_answers(store: &dyn Store) {
    let person = Person::new(store, 1);
    let new = NewConversation {
        title: Some("Gärten & \"Höfe\"".to_owned()),
        config: settings(),
        ..NewConversation::new(conversation(1))
    };
    let created = store.create(person.owner, new, at(5)).await.unwrap();
    let found = person.conversation(conversation(1)).await;
    assert_eq!(created, Created::New(found.clone()));
    assert_eq!(found.title_source, TitleSource::User);
    assert_eq!(found.config, settings());
    assert_eq!(
        (found.created_at, found.updated_at, found.last_message_at),
        (at(5), at(5), at(5))
    );
    let untitled = person.create_new(conversation(2), None, 6).await;
    assert_eq!(
        (untitled.title, untitled.title_source),
        (None, TitleSource::None)
    );
}

/// Ids are unique for an owner, not for the store.
pub async fn same_id_for_two_owners_is_two_conversations(store: &dyn Store) {
    let (one, other) = (Person::new(store, 1), Person::new(store, 2));
    let first = one.create_new(conversation(1), Some("Mine"), 1).await;
    let second = other.create_new(conversation(1), Some("Hers"), 2).await;
    other
        .append(vec![plain(conversation(1), said(message(1), "hello"))])
        .await;
    assert_eq!(one.conversation(conversation(1)).await, first);
    assert_eq!(second.title.as_deref(), Some("Hers"));
    assert_eq!(one.message_ids(conversation(1)).await, []);
    assert_eq!(other.message_ids(conversation(1)).await, [message(1)]);
}

/// No call reaches another owner's conversation.
pub async fn another_owners_conversation_does_not_exist(store: &dyn Store) {
    let (one, other) = (Person::new(store, 1), Person::new(store, 2));
    let first = one.create_new(conversation(1), None, 1).await;
    let patch = ConversationPatch {
        title: Some("Taken".to_owned()),
        ..ConversationPatch::default()
    };
    let id = conversation(1);
    assert_eq!(other.find(id).await, None);
    let updated = store.update(other.owner, id, patch, at(9)).await;
    assert_eq!(updated, Ok(Patched::Missing));
    assert_eq!(store.trash(other.owner, id, at(9)).await, Ok(None));
    assert_eq!(store.restore(other.owner, id, at(9)).await, Ok(None));
    let titled = store.set_generated_title(other.owner, id, "Taken".to_owned(), at(9));
    assert_eq!(titled.await, Ok(false));
    assert_eq!(other.list(&ACTIVE).await, []);
    assert_eq!(one.conversation(id).await, first);
}

/// Pages follow each other without gap or overlap, newest first.
pub async fn list_is_newest_first_and_pages_by_keyset(store: &dyn Store) {
    let person = Person::new(store, 1);
    for number in 1..=7 {
        let seconds = i64::try_from(number).unwrap();
        person.create(conversation(number), None, seconds).await;
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = ConversationRepository::list(store, person.owner, ACTIVE, cursor, 3).await;
        let page = page.unwrap();
        seen.extend(page.items.iter().map(|found| found.id));
        if seen.len() == 3 {
            // A new one on top does not disturb those below.
            person.create(conversation(8), None, 8).await;
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    let expected: Vec<_> = (1..=7).rev().map(conversation).collect();
    assert_eq!(seen, expected);
    let full = ConversationRepository::list(store, person.owner, ACTIVE, None, 8).await;
    assert_eq!(full.unwrap().next, None, "a last page that is full ends");
}

/// Conversations of the same millisecond are ordered by id.
pub async fn list_breaks_ties_by_id(store: &dyn Store) {
    let person = Person::new(store, 1);
    for number in [2, 4, 1, 3] {
        person.create(conversation(number), None, 1).await;
    }
    let expected: Vec<_> = [4, 3, 2, 1].map(conversation).to_vec();
    assert_eq!(person.list(&ACTIVE).await, expected);
    let after = ConversationCursor {
        key: CursorKey::Time(at(1)),
        id: conversation(3),
    };
    let page = ConversationRepository::list(store, person.owner, ACTIVE, Some(after), 1).await;
    let page = page.unwrap();
    assert_eq!(page.items[0].id, conversation(2));
    assert_eq!(
        page.next,
        Some(ConversationCursor {
            key: CursorKey::Time(at(1)),
            id: conversation(2),
        })
    );
}

/// A message takes its conversation to the top.
pub async fn list_is_reordered_by_messages(store: &dyn Store) {
    let person = Person::new(store, 1);
    person.create(conversation(1), None, 1).await;
    person.create(conversation(2), None, 2).await;
    person
        .append_plan(vec![plain(conversation(1), said(message(1), "up"))], 3)
        .await;
    assert_eq!(
        person.list(&ACTIVE).await,
        [conversation(1), conversation(2)]
    );
    let found = person.conversation(conversation(1)).await;
    assert_eq!(
        (found.last_seq, found.updated_at, found.last_message_at),
        (1, at(3), at(3))
    );
}

/// Archive, trash and pins are lists of their own.
pub async fn list_filters_by_place_and_pin(store: &dyn Store) {
    let person = Person::new(store, 1);
    for number in 1..=5 {
        let seconds = i64::try_from(number).unwrap();
        person.create(conversation(number), None, seconds).await;
    }
    let change = async |id: ConversationId, archived: Option<bool>, pinned: Option<bool>| {
        let patch = ConversationPatch {
            archived,
            pinned,
            ..ConversationPatch::default()
        };
        let updated = store.update(person.owner, id, patch, at(9)).await;
        updated.unwrap().done().unwrap();
    };
    change(conversation(1), None, Some(true)).await;
    change(conversation(2), Some(true), None).await;
    change(conversation(3), Some(true), Some(true)).await;
    change(conversation(4), Some(true), Some(true)).await;
    let trashed = store.trash(person.owner, conversation(4), at(10)).await;
    trashed.unwrap().unwrap();

    let list = async |archived, trashed, pinned| {
        let filter = ConversationFilter {
            archived,
            trashed,
            pinned,
            ..ACTIVE
        };
        person.list(&filter).await
    };
    let ids = |numbers: &[u128]| -> Vec<ConversationId> {
        numbers.iter().copied().map(conversation).collect()
    };
    assert_eq!(list(false, false, None).await, ids(&[5, 1]));
    assert_eq!(list(false, false, Some(true)).await, ids(&[1]));
    assert_eq!(list(false, false, Some(false)).await, ids(&[5]));
    assert_eq!(list(true, false, None).await, ids(&[3, 2]));
    assert_eq!(list(true, false, Some(true)).await, ids(&[3]));
    assert_eq!(list(true, false, Some(false)).await, ids(&[2]));
    assert_eq!(list(false, true, None).await, ids(&[4]));
    assert_eq!(list(true, true, None).await, ids(&[4]));
    assert_eq!(list(false, true, Some(false)).await, ids(&[]));
    change(conversation(2), Some(false), None).await;
    assert_eq!(list(false, false, None).await, ids(&[5, 2, 1]));
}

/// Times of a conversation never go back.
pub async fn a_clock_that_goes_back_moves_nothing_down(store: &dyn Store) {
    let person = Person::new(store, 1);
    person.create(conversation(1), None, 100).await;
    person
        .append_plan(vec![plain(conversation(1), said(message(1), "a"))], 50)
        .await;
    let patch = ConversationPatch {
        pinned: Some(true),
        ..ConversationPatch::default()
    };
    store
        .update(person.owner, conversation(1), patch, at(40))
        .await
        .unwrap();
    let found = person.conversation(conversation(1)).await;
    assert_eq!(
        (found.updated_at, found.last_message_at),
        (at(100), at(100))
    );
    assert_eq!(person.messages(conversation(1)).await[0].stored_at, at(50));
}

/// What a patch does not name stays.
pub async fn patch_changes_only_what_it_names(store: &dyn Store) {
    let person = Person::new(store, 1);
    let mut expected = person.create_new(conversation(1), Some("Garden"), 1).await;
    let patches = [
        ConversationPatch {
            config: Some(settings()),
            ..ConversationPatch::default()
        },
        ConversationPatch {
            archived: Some(true),
            ..ConversationPatch::default()
        },
        ConversationPatch {
            pinned: Some(true),
            ..ConversationPatch::default()
        },
        ConversationPatch {
            title: Some("Kitchen".to_owned()),
            ..ConversationPatch::default()
        },
        ConversationPatch::default(),
    ];
    for (patch, seconds) in patches.into_iter().zip(2..) {
        expected.title = patch.title.clone().or(expected.title);
        expected.config = patch.config.clone().unwrap_or(expected.config);
        if patch.archived == Some(true) {
            expected.archived_at = Some(at(seconds));
        }
        expected.pinned = patch.pinned.unwrap_or(expected.pinned);
        expected.updated_at = at(seconds);
        let updated = store
            .update(person.owner, conversation(1), patch, at(seconds))
            .await;
        assert_eq!(updated, Ok(Patched::Done(expected.clone())));
        assert_eq!(person.conversation(conversation(1)).await, expected);
    }
    let nobody = store
        .update(
            person.owner,
            conversation(2),
            ConversationPatch::default(),
            at(9),
        )
        .await;
    assert_eq!(nobody, Ok(Patched::Missing));
}

/// Trashing and restoring twice is the same as once.
pub async fn trash_and_restore_are_idempotent(store: &dyn Store) {
    let person = Person::new(store, 1);
    let id = conversation(1);
    let mut expected = person.create_new(id, None, 1).await;
    assert_eq!(
        store.restore(person.owner, id, at(2)).await,
        Ok(Some(expected.clone()))
    );
    expected.trashed_at = Some(at(3));
    expected.updated_at = at(3);
    for seconds in [3, 4] {
        let trashed = store.trash(person.owner, id, at(seconds)).await;
        assert_eq!(trashed, Ok(Some(expected.clone())));
    }
    assert_eq!(person.conversation(id).await, expected);
    expected.trashed_at = None;
    expected.updated_at = at(5);
    for seconds in [5, 6] {
        let restored = store.restore(person.owner, id, at(seconds)).await;
        assert_eq!(restored, Ok(Some(expected.clone())));
    }
    assert_eq!(person.conversation(id).await, expected);
    assert_eq!(
        store.trash(person.owner, conversation(9), at(7)).await,
        Ok(None)
    );
    assert_eq!(
        store.restore(person.owner, conversation(9), at(7)).await,
        Ok(None)
    );
}

/// When it was held elsewhere is told by its dates, and it stands in lists by them.
pub async fn dates_of_elsewhere_are_kept(store: &dyn Store) {
    let person = Person::new(store, 1);
    person.create(conversation(1), None, 10).await;
    person.create(conversation(2), None, 11).await;
    let patch = ConversationPatch {
        dates: Some(ConversationDates {
            created_at: at(3),
            last_message_at: at(5),
        }),
        ..ConversationPatch::default()
    };
    let updated = store.update(person.owner, conversation(2), patch, at(12));
    let updated = updated.await.unwrap().done().unwrap();
    assert_eq!(
        (
            updated.created_at,
            updated.last_message_at,
            updated.updated_at
        ),
        (at(3), at(5), at(12))
    );
    assert_eq!(person.conversation(conversation(2)).await, updated);
    assert_eq!(
        person.list(&ACTIVE).await,
        [conversation(1), conversation(2)]
    );
}
