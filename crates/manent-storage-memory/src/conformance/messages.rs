//! Reading messages in pages.

use manent_domain::message::MessageRange;

use super::Store;
use super::person::{Person, conversation, message, plain, said};

/// One page without places.
const NONE: [[u64; 0]; 1] = [[]];

async fn with_messages(store: &dyn Store, count: u128) -> Person<'_> {
    let person = Person::with_conversation(store, conversation(1)).await;
    let batch = (1..=count)
        .map(|number| plain(conversation(1), said(message(number), "x")))
        .collect();
    person.append(batch).await;
    person
}

/// Walks all pages; answers their places.
async fn walk(person: &Person<'_>, from: MessageRange, limit: usize) -> Vec<Vec<u64>> {
    let mut pages = Vec::new();
    let mut range = Some(from);
    while let Some(current) = range {
        let page = person.page(conversation(1), current, limit).await.unwrap();
        pages.push(page.items.iter().map(|found| found.seq).collect());
        range = page.next;
        assert!(pages.len() < 100, "the pages end");
    }
    pages
}

/// Upward from a place, downward from a place or from the newest; ascending inside a page either way.
pub async fn pages_go_up_and_down(store: &dyn Store) {
    let person = with_messages(store, 7).await;
    assert_eq!(
        walk(&person, MessageRange::After(0), 3).await,
        [vec![1, 2, 3], vec![4, 5, 6], vec![7]]
    );
    assert_eq!(
        walk(&person, MessageRange::After(5), 2).await,
        [vec![6, 7]],
        "a last page that is full ends"
    );
    assert_eq!(
        walk(&person, MessageRange::Before(None), 3).await,
        [vec![5, 6, 7], vec![2, 3, 4], vec![1]]
    );
    assert_eq!(
        walk(&person, MessageRange::Before(Some(4)), 2).await,
        [vec![2, 3], vec![1]]
    );
}

/// No messages are a page without items, not a missing conversation.
pub async fn pages_of_an_empty_conversation_are_empty(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    assert_eq!(walk(&person, MessageRange::After(0), 3).await, NONE);
    assert_eq!(walk(&person, MessageRange::Before(None), 3).await, NONE);
    assert_eq!(
        person
            .page(conversation(2), MessageRange::After(0), 3)
            .await,
        None
    );
}

/// Places made up by hand, as far as numbers go.
pub async fn far_places_are_no_error(store: &dyn Store) {
    let person = with_messages(store, 2).await;
    assert_eq!(walk(&person, MessageRange::After(u64::MAX), 3).await, NONE);
    assert_eq!(walk(&person, MessageRange::After(3), 3).await, NONE);
    assert_eq!(walk(&person, MessageRange::Before(Some(1)), 3).await, NONE);
    assert_eq!(
        walk(&person, MessageRange::Before(Some(u64::MAX)), 3).await,
        [vec![1, 2]]
    );
}

/// Another owner finds no conversation at all.
pub async fn another_owners_messages_do_not_exist(store: &dyn Store) {
    with_messages(store, 2).await;
    let other = Person::new(store, 2);
    assert_eq!(
        other.page(conversation(1), MessageRange::After(0), 3).await,
        None
    );
}
