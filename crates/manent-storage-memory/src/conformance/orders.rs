//! Lists of conversations in every order, and by labels.

use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationOrder, ConversationPatch,
    CursorKey, LabelChange, OrderBy,
};
use manent_domain::ports::ConversationRepository;
use manent_types::ConversationId;

use super::Store;
use super::person::{ACTIVE, Person, at, conversation, label, message, plain, said};

/// Twelve conversations, half of them put away, whose orders all differ and have ties.
async fn fill(person: Person<'_>) {
    let store = person.store;
    for number in 1..=12_u128 {
        let seconds = i64::try_from(number).unwrap();
        let title = match number % 4 {
            0 => None,
            1 => Some("b"),
            2 => Some("Z"),
            _ => Some("ä"),
        };
        let created = (seconds * 7) % 5;
        person.create(conversation(number), title, created).await;
        if number % 3 == 0 {
            let words = plain(conversation(number), said(message(number), "words"));
            person
                .append_plan(vec![words], 20 + (seconds * 5) % 4)
                .await;
        }
        if number % 2 == 0 {
            let patch = ConversationPatch {
                archived: Some(true),
                ..ConversationPatch::default()
            };
            let id = conversation(number);
            let updated = store.update(person.owner, id, patch, at(30 + seconds % 3));
            updated.await.unwrap().done().unwrap();
        }
    }
}

async fn pages(person: Person<'_>, filter: &ConversationFilter, limit: usize) -> Vec<Conversation> {
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page =
            ConversationRepository::list(person.store, person.owner, filter.clone(), after, limit);
        let page = page.await.unwrap();
        assert!(page.items.len() <= limit, "a page has at most its limit");
        seen.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return seen,
        }
    }
}

/// Whatever the size of the pages, in both directions.
pub async fn every_order_pages_by_keyset(store: &dyn Store) {
    let person = Person::new(store, 1);
    fill(person).await;
    for archived in [false, true] {
        for by in OrderBy::ALL {
            for descending in [false, true] {
                let filter = ConversationFilter {
                    archived,
                    order: ConversationOrder { by, descending },
                    ..ACTIVE
                };
                let whole = pages(person, &filter, 100).await;
                assert_eq!(whole.len(), 6, "{by:?}");
                let mut expected = whole.clone();
                expected.sort_by_cached_key(|found| ConversationCursor::of(found, by));
                if descending {
                    expected.reverse();
                }
                assert_eq!(whole, expected, "{by:?} {descending}");
                for limit in [1, 2, 5] {
                    let paged = pages(person, &filter, limit).await;
                    assert_eq!(paged, whole, "{by:?} {descending} {limit}");
                }
            }
        }
    }
}

/// Titles are ordered by their bytes, and none is as if it were empty.
pub async fn titles_are_ordered_by_their_bytes(store: &dyn Store) {
    let person = Person::new(store, 1);
    for (number, title) in [
        (1, Some("b")),
        (2, Some("ä")),
        (3, Some("Z")),
        (4, None),
        (5, Some("b")),
        (6, Some("\u{1f600}")),
    ] {
        person.create(conversation(number), title, 1).await;
    }
    let filter = ConversationFilter {
        order: ConversationOrder {
            by: OrderBy::Title,
            descending: false,
        },
        ..ACTIVE
    };
    let expected: Vec<_> = [4, 3, 1, 5, 2, 6].map(conversation).to_vec();
    assert_eq!(person.list(&filter).await, expected);
    let ids = async |limit| -> Vec<ConversationId> {
        let all = pages(person, &filter, limit).await;
        all.iter().map(|found| found.id).collect()
    };
    assert_eq!(ids(2).await, expected);
}

/// A cursor of a list of titles means nothing in one of times, and the other way round.
pub async fn a_cursor_of_another_order_shows_nothing(store: &dyn Store) {
    let person = Person::new(store, 1);
    person.create(conversation(1), Some("a"), 1).await;
    let text = CursorKey::Text("zzz".to_owned());
    let time = CursorKey::Time(at(100));
    for (by, key) in [(OrderBy::LastMessage, text), (OrderBy::Title, time)] {
        let filter = ConversationFilter {
            order: ConversationOrder {
                by,
                descending: true,
            },
            ..ACTIVE
        };
        let after = ConversationCursor {
            key,
            id: conversation(9),
        };
        let page = ConversationRepository::list(store, person.owner, filter, Some(after), 10).await;
        let page = page.unwrap();
        assert_eq!((page.items, page.next), (Vec::new(), None));
    }
}

/// When it was put away is kept while it lies there, and forgotten when it is taken back.
pub async fn archiving_says_since_when(store: &dyn Store) {
    let person = Person::new(store, 1);
    person.create(conversation(1), None, 1).await;
    let archive = async |archived, seconds| {
        let patch = ConversationPatch {
            archived: Some(archived),
            ..ConversationPatch::default()
        };
        let updated = store.update(person.owner, conversation(1), patch, at(seconds));
        updated.await.unwrap().done().unwrap().archived_at
    };
    assert_eq!(archive(true, 2).await, Some(at(2)));
    assert_eq!(archive(true, 3).await, Some(at(2)));
    assert_eq!(archive(false, 4).await, None);
    assert_eq!(archive(true, 5).await, Some(at(5)));
    assert_eq!(
        person.conversation(conversation(1)).await.archived_at,
        Some(at(5))
    );
}

/// Those that have all of them, and those that have none with a prefix; together with every other filter.
pub async fn lists_are_narrowed_by_labels(store: &dyn Store) {
    let person = Person::new(store, 1);
    let other = Person::new(store, 2);
    let labels: [&[&str]; 5] = [
        &[],
        &["tag:a"],
        &["tag:a", "tag:b", "project:1"],
        &["tag:%", "tag:_x", "project:2"],
        &["tag:A", "tag:\"quoted\""],
    ];
    for (number, labels) in (1..).zip(labels) {
        for person in [person, other] {
            person.create(conversation(number), None, 1).await;
            add_labels(person, number, labels).await;
        }
    }
    let list = async |all: &[&str], without: Option<&str>| {
        let filter = ConversationFilter {
            labels_all: all.iter().map(|text| label(text)).collect(),
            without_label_prefix: without.map(str::to_owned),
            ..ACTIVE
        };
        let ids = person.list(&filter).await;
        let numbers = 1..=5;
        let listed = numbers.filter(|number| ids.contains(&conversation(*number)));
        listed.collect::<Vec<u128>>()
    };
    assert_eq!(list(&["tag:a"], None).await, [2, 3]);
    assert_eq!(list(&["tag:a", "tag:b"], None).await, [3]);
    assert_eq!(list(&["tag:a", "tag:c"], None).await, []);
    assert_eq!(list(&["tag:%"], None).await, [4]);
    assert_eq!(list(&["tag:\"quoted\""], None).await, [5]);
    assert_eq!(list(&[], Some("project:")).await, [1, 2, 5]);
    assert_eq!(list(&["tag:a"], Some("project:")).await, [2]);
    assert_eq!(list(&[], Some("tag:_")).await, [1, 2, 3, 5]);
    assert_eq!(list(&[], Some("")).await, [1]);
    let filter = ConversationFilter {
        labels_all: vec![label("tag:a")],
        order: ConversationOrder {
            by: OrderBy::Created,
            descending: false,
        },
        ..ACTIVE
    };
    let ids: Vec<_> = pages(person, &filter, 1).await;
    let ids: Vec<_> = ids.iter().map(|found| found.id).collect();
    assert_eq!(ids, [conversation(2), conversation(3)]);
}

/// Adds labels to a conversation.
pub(super) async fn add_labels(person: Person<'_>, number: u128, labels: &[&str]) {
    let patch = ConversationPatch {
        labels: Some(LabelChange {
            add: labels.iter().map(|text| label(text)).collect(),
            ..LabelChange::default()
        }),
        ..ConversationPatch::default()
    };
    let id = conversation(number);
    let updated = person.store.update(person.owner, id, patch, at(50));
    updated.await.unwrap().done().unwrap();
}
