//! Search over titles and messages.

use manent_domain::conversation::ConversationPatch;
use manent_domain::search::{HitKind, SearchHit, SearchOrder};
use manent_types::{MessageId, Part, Role};

use super::Store;
use super::person::{Person, answered, at, conversation, message, plain, said, with_content};

/// The messages among the hits.
fn message_ids(hits: impl AsRef<[SearchHit]>) -> Vec<MessageId> {
    hits.as_ref()
        .iter()
        .filter_map(|hit| match hit.kind {
            HitKind::Message { id, .. } => Some(id),
            HitKind::Title => None,
        })
        .collect()
}

/// The titles among the hits.
fn titles(hits: impl AsRef<[SearchHit]>) -> Vec<String> {
    hits.as_ref()
        .iter()
        .filter(|hit| hit.kind == HitKind::Title)
        .filter_map(|hit| hit.conversation_title.clone())
        .collect()
}

/// The words that a hit marks.
fn marked(hit: &SearchHit) -> Vec<&str> {
    hit.snippet
        .iter()
        .filter(|piece| piece.is_match)
        .map(|piece| piece.text.as_str())
        .collect()
}

/// A person with one conversation that has a title of its own.
async fn person_with<'store>(store: &'store dyn Store, texts: &[&str]) -> Person<'store> {
    let person = Person::new(store, 1);
    person.create(conversation(1), Some("Notes"), 0).await;
    let batch = (1..)
        .zip(texts)
        .map(|(number, words)| plain(conversation(1), said(message(number), words)))
        .collect();
    person.append(batch).await;
    person
}

/// A hit says where it is, and its snippet shows the words as they stand there.
pub async fn finds_words_in_any_case_and_the_beginning_of_the_last(store: &dyn Store) {
    let person = person_with(store, &["Plan the GARDEN, please", "Plan the kitchen"]).await;
    for words in [["plan", "garden"], ["PLAN", "gar"], ["garden", "pl"]] {
        let hits = person.search(&words).await;
        assert_eq!(message_ids(&hits), [message(1)], "{words:?}");
        let hit = &hits[0];
        assert_eq!(
            (hit.conversation, hit.conversation_title.as_deref()),
            (conversation(1), Some("Notes"))
        );
        assert_eq!(
            hit.kind,
            HitKind::Message {
                id: message(1),
                seq: 1,
                role: Role::User,
            }
        );
        assert_eq!(hit.created_at, at(60));
        let whole: String = hit
            .snippet
            .iter()
            .map(|piece| piece.text.as_str())
            .collect();
        assert_eq!(whole, "Plan the GARDEN, please");
        assert!(marked(hit).contains(&"GARDEN"), "{hit:?}");
        assert!(marked(hit).contains(&"Plan"), "{hit:?}");
    }
    assert_eq!(
        message_ids(&person.search(&["pla"]).await),
        [message(2), message(1)]
    );
    assert_eq!(
        person.search(&["gar", "plan"]).await,
        [],
        "only the last word may be a beginning"
    );
}

/// One word less is no hit.
pub async fn needs_every_word(store: &dyn Store) {
    let person = person_with(store, &["red green", "green blue", "red green blue"]).await;
    assert_eq!(
        message_ids(&person.search(&["red", "blue"]).await),
        [message(3)]
    );
    assert_eq!(person.search(&["red", "black"]).await, []);
}

/// Newest first over conversations, page by page without gap or overlap.
pub async fn is_newest_first_and_pages(store: &dyn Store) {
    let person = Person::new(store, 1);
    for number in [1, 2] {
        person.create(conversation(number), Some("Box"), 0).await;
    }
    for number in 1..=7 {
        let place = conversation(1 + number % 2);
        person
            .append(vec![plain(place, said(message(number), "needle"))])
            .await;
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = person
            .search_page(&["needle"], SearchOrder::Newest, cursor, 3)
            .await;
        seen.extend(message_ids(&page.items));
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
        assert!(seen.len() < 100, "the pages end");
    }
    let expected: Vec<_> = (1..=7).rev().map(message).collect();
    assert_eq!(seen, expected);
}

/// The text that is more about the word comes first.
pub async fn by_relevance_the_denser_match_is_first(store: &dyn Store) {
    let person = person_with(
        store,
        &[
            "garden garden garden",
            "somewhere in this long text about many other things there is one garden among much else",
            "nothing of it",
            "nothing either",
            "and nothing here",
        ],
    )
    .await;
    let page = person
        .search_page(&["garden"], SearchOrder::Relevance, None, 10)
        .await;
    assert_eq!(message_ids(&page.items), [message(1), message(2)]);
    assert_eq!(
        message_ids(&person.search(&["garden"]).await),
        [message(2), message(1)]
    );
}

/// Paging by relevance shows each hit once.
pub async fn by_relevance_pages_without_repeats(store: &dyn Store) {
    let texts: Vec<String> = (1..=7)
        .map(|number| format!("needle {}", "hay ".repeat(number)))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let person = person_with(store, &texts).await;
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = person
            .search_page(&["needle"], SearchOrder::Relevance, cursor, 3)
            .await;
        seen.extend(message_ids(&page.items));
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
        assert!(seen.len() < 100, "the pages end");
    }
    let expected: Vec<_> = (1..=7).map(message).collect();
    assert_eq!(seen, expected);
}

/// Of each page, as long as there are some.
pub async fn titles_come_first_and_at_most_a_quarter(store: &dyn Store) {
    let person = Person::new(store, 1);
    for number in 1..=4 {
        let title = format!("Garden {number}");
        person.create(conversation(number), Some(&title), 0).await;
    }
    for number in 1..=8 {
        person
            .append(vec![plain(
                conversation(1),
                said(message(number), "garden"),
            )])
            .await;
    }
    let first = person
        .search_page(&["garden"], SearchOrder::Newest, None, 6)
        .await;
    assert_eq!(titles(&first.items), ["Garden 4", "Garden 3"]);
    assert_eq!(first.items[0].kind, HitKind::Title);
    assert_eq!(first.items[1].kind, HitKind::Title);
    assert_eq!(marked(&first.items[0]), ["Garden"]);
    assert_eq!(first.items[0].created_at, at(0));
    assert_eq!(
        message_ids(&first.items),
        [message(8), message(7), message(6), message(5)]
    );
    let second = person
        .search_page(&["garden"], SearchOrder::Newest, first.next, 6)
        .await;
    assert_eq!(titles(&second.items), ["Garden 2", "Garden 1"]);
    assert_eq!(
        message_ids(&second.items),
        [message(4), message(3), message(2), message(1)]
    );
    assert_eq!(second.next, None);
}

/// A page that has room for the title alone still leads on.
pub async fn a_page_of_one_goes_on_to_the_messages(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    person
        .append(vec![plain(conversation(1), said(message(1), "garden"))])
        .await;
    for order in [SearchOrder::Newest, SearchOrder::Relevance] {
        let first = person.search_page(&["garden"], order, None, 1).await;
        assert_eq!(titles(&first.items), ["garden"]);
        let second = person.search_page(&["garden"], order, first.next, 1).await;
        assert_eq!(message_ids(&second.items), [message(1)]);
        assert_eq!(second.next, None);
    }
}

/// Whatever the pages' limits are, and whether there are more titles or more messages.
pub async fn following_the_pages_finds_each_title_and_each_message_once(store: &dyn Store) {
    for (owner, title_count, message_count) in [(1, 4, 0), (2, 5, 3), (3, 0, 4), (4, 2, 9)] {
        let person = Person::new(store, owner);
        // Ids are their owner's, and the first conversation's title does not match where there are to be none.
        for number in 1..=title_count.max(1) {
            let title = if number <= title_count {
                format!("Garden {number}")
            } else {
                "Notes".to_owned()
            };
            person.create(conversation(number), Some(&title), 0).await;
        }
        for number in 1..=message_count {
            let words = said(message(number), "garden");
            person.append(vec![plain(conversation(1), words)]).await;
        }
        for order in [SearchOrder::Newest, SearchOrder::Relevance] {
            for limit in [1, 2, 3, 5, 8, 50] {
                let (mut found, mut after) = (Vec::new(), None);
                loop {
                    let page = person.search_page(&["garden"], order, after, limit).await;
                    found.extend(page.items);
                    assert!(found.len() < 100, "the pages end");
                    match page.next {
                        Some(next) => after = Some(next),
                        None => break,
                    }
                }
                let mut named = titles(&found);
                named.sort();
                let expected: Vec<String> = (1..=title_count)
                    .map(|number| format!("Garden {number}"))
                    .collect();
                assert_eq!(named, expected, "{order:?}, pages of {limit}");
                let mut ids = message_ids(&found);
                ids.sort();
                let expected: Vec<MessageId> = (1..=message_count).map(message).collect();
                assert_eq!(ids, expected, "{order:?}, pages of {limit}");
            }
        }
    }
}

/// Cut, generated and given titles are found, replaced ones are not.
pub async fn a_changed_title_is_found_by_its_new_words_only(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let words = ["alpha", "beta", "gamma", "delta"];
    let found = async || {
        let mut found = Vec::new();
        for word in words {
            if !titles(&person.search(&[word]).await).is_empty() {
                found.push(word);
            }
        }
        found
    };
    assert_eq!(found().await, [""; 0]);
    person
        .append(vec![plain(conversation(1), said(message(1), "alpha"))])
        .await;
    assert_eq!(found().await, ["alpha"]);
    store
        .set_generated_title(person.owner, conversation(1), "beta".to_owned(), at(61))
        .await
        .unwrap();
    assert_eq!(found().await, ["beta"]);
    for title in ["gamma delta", "gamma"] {
        let patch = ConversationPatch {
            title: Some(title.to_owned()),
            ..ConversationPatch::default()
        };
        store
            .update(person.owner, conversation(1), patch, at(62))
            .await
            .unwrap();
    }
    assert_eq!(found().await, ["gamma"]);
    let same = ConversationPatch {
        title: Some("gamma".to_owned()),
        ..ConversationPatch::default()
    };
    store
        .update(person.owner, conversation(1), same, at(63))
        .await
        .unwrap();
    assert_eq!(found().await, ["gamma"]);
    assert_eq!(titles(&person.search(&["gamma"]).await), ["gamma"]);
}

/// What lies in the trash is not found, and found again when it is restored.
pub async fn leaves_out_the_trash(store: &dyn Store) {
    let person = person_with(store, &["garden notes"]).await;
    let count = async || person.search(&["notes"]).await.len();
    assert_eq!(count().await, 2);
    store
        .trash(person.owner, conversation(1), at(70))
        .await
        .unwrap();
    assert_eq!(count().await, 0);
    person
        .append(vec![plain(conversation(1), answered(message(2), "notes"))])
        .await;
    assert_eq!(count().await, 0);
    store
        .restore(person.owner, conversation(1), at(71))
        .await
        .unwrap();
    assert_eq!(count().await, 3);
}

/// Another owner's words are not found, whatever is searched for.
pub async fn finds_only_the_owners_words(store: &dyn Store) {
    let one = person_with(store, &["garden u1 u2 owner notes"]).await;
    let other = Person::new(store, 2);
    other.create(conversation(1), Some("Garden u1"), 0).await;
    other
        .append(vec![plain(
            conversation(1),
            said(message(1), "garden u1 u2"),
        )])
        .await;
    for words in [vec!["garden"], vec!["u1"], vec!["u"], vec!["u1", "u2"]] {
        let hits = one.search(&words).await;
        assert_eq!(message_ids(&hits), [message(1)], "{words:?}");
        assert_eq!(hits.len(), 1, "{words:?}");
        assert_eq!(hits[0].conversation_title.as_deref(), Some("Notes"));
    }
    assert_eq!(other.search(&["notes"]).await, []);
    assert_eq!(Person::new(store, 3).search(&["garden"]).await, []);
}

/// Words are looked for in text parts: not in reasoning, tools, errors or the names of fields.
pub async fn looks_at_text_parts_only(store: &dyn Store) {
    let person = person_with(store, &[]).await;
    let content = vec![
        Part::Reasoning {
            text: "secret".to_owned(),
            duration_ms: None,
            signature: None,
        },
        Part::Text {
            text: "first part".to_owned(),
        },
        Part::Error {
            code: "oops".to_owned(),
            detail: "failed".to_owned(),
        },
        Part::Text {
            text: "second part".to_owned(),
        },
    ];
    let answer = with_content(message(1), Role::Assistant, content);
    person.append(vec![plain(conversation(1), answer)]).await;
    for word in ["secret", "oops", "failed", "text", "type"] {
        assert_eq!(person.search(&[word]).await, [], "{word}");
    }
    let hits = person.search(&["first", "second"]).await;
    assert_eq!(message_ids(&hits), [message(1)]);
    assert_eq!(marked(&hits[0]), ["first", "second"]);
    let whole: String = hits[0]
        .snippet
        .iter()
        .map(|piece| piece.text.as_str())
        .collect();
    assert_eq!(whole, "first part\nsecond part");
}

/// The words of a query language are words.
pub async fn operators_are_words(store: &dyn Store) {
    let person = person_with(store, &["this OR that", "AND so on", "NEAR the sea"]).await;
    assert_eq!(message_ids(&person.search(&["OR"]).await), [message(1)]);
    assert_eq!(
        message_ids(&person.search(&["AND", "on"]).await),
        [message(2)]
    );
    assert_eq!(
        message_ids(&person.search(&["near", "NOT"]).await),
        [] as [MessageId; 0]
    );
    assert_eq!(message_ids(&person.search(&["NEAR"]).await), [message(3)]);
}

/// Letters beyond ASCII are letters.
pub async fn finds_accents_and_other_scripts(store: &dyn Store) {
    let person = person_with(store, &["Der Gärtner pflanzt", "Сад весной"]).await;
    assert_eq!(
        message_ids(&person.search(&["gärtner"]).await),
        [message(1)]
    );
    assert_eq!(message_ids(&person.search(&["сад"]).await), [message(2)]);
}

/// Words that no text can have are no error.
pub async fn words_without_letters_find_nothing(store: &dyn Store) {
    let person = person_with(store, &["garden"]).await;
    for words in [
        vec!["\u{bbe}"],
        vec!["garden", "\u{bbe}"],
        vec!["\u{1f600}"],
    ] {
        assert_eq!(message_ids(person.search(&words).await), [], "{words:?}");
    }
}
