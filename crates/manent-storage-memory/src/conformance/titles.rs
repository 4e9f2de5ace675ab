//! Titles: cut, generated, the person's own.

use manent_domain::conversation::{ConversationPatch, TitleSource};

use super::Store;
use super::person::{Person, answered, at, conversation, message, plain, said, text, with_content};
use manent_types::{Part, Role};

async fn title(person: &Person<'_>) -> (Option<String>, TitleSource) {
    let found = person.conversation(conversation(1)).await;
    (found.title, found.title_source)
}

fn titled(words: &str, source: TitleSource) -> (Option<String>, TitleSource) {
    (Some(words.to_owned()), source)
}

/// The first message with words makes a title, later ones do not change it.
pub async fn first_words_of_a_person_are_cut_into_a_title(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let picture = vec![Part::Image {
        media_type: None,
        data: None,
        url: Some("https://example.org/a.png".to_owned()),
    }];
    let plan = person
        .append_plan(
            vec![
                plain(
                    conversation(1),
                    with_content(message(1), Role::User, picture),
                ),
                plain(conversation(1), said(message(2), "Plan the garden\nplease")),
                plain(conversation(1), said(message(3), "And the kitchen")),
            ],
            1,
        )
        .await;
    assert_eq!(
        plan.touches[0].cut_title.as_deref(),
        Some("Plan the garden")
    );
    assert_eq!(
        title(&person).await,
        titled("Plan the garden", TitleSource::Cut)
    );
    let plan = person
        .append_plan(vec![plain(conversation(1), said(message(4), "More"))], 2)
        .await;
    assert_eq!(plan.touches[0].cut_title, None);
    assert_eq!(
        title(&person).await,
        titled("Plan the garden", TitleSource::Cut)
    );
}

/// Only what a person said is cut.
pub async fn an_answer_does_not_name_a_conversation(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    person
        .append(vec![
            plain(conversation(1), answered(message(1), "Welcome")),
            plain(
                conversation(1),
                with_content(message(2), Role::System, text("Be kind")),
            ),
        ])
        .await;
    assert_eq!(title(&person).await, (None, TitleSource::None));
}

/// A model's title stands above a cut and below everything else, its own kind included.
pub async fn a_generated_title_replaces_only_none_and_a_cut(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let generate = async |words: &str, seconds| {
        store
            .set_generated_title(person.owner, conversation(1), words.to_owned(), at(seconds))
            .await
            .unwrap()
    };
    person
        .append(vec![plain(conversation(1), said(message(1), "Hello"))])
        .await;
    assert!(generate("A greeting", 70).await);
    assert_eq!(
        title(&person).await,
        titled("A greeting", TitleSource::Generated)
    );
    assert_eq!(
        person.conversation(conversation(1)).await.updated_at,
        at(70)
    );
    assert!(!generate("Another", 80).await);
    assert_eq!(
        title(&person).await,
        titled("A greeting", TitleSource::Generated)
    );
    assert_eq!(
        person.conversation(conversation(1)).await.updated_at,
        at(70)
    );

    person.create(conversation(2), None, 1).await;
    let over_none = store
        .set_generated_title(person.owner, conversation(2), "Early".to_owned(), at(2))
        .await;
    assert_eq!(over_none, Ok(true));
    person
        .append(vec![plain(conversation(2), said(message(2), "Late words"))])
        .await;
    assert_eq!(
        person.conversation(conversation(2)).await.title.as_deref(),
        Some("Early")
    );
    let nowhere = store
        .set_generated_title(person.owner, conversation(3), "Nobody".to_owned(), at(2))
        .await;
    assert_eq!(nowhere, Ok(false));
}

/// Neither a cut nor a model's title comes over a person's own, given at creation or later.
pub async fn a_persons_title_is_never_overwritten(store: &dyn Store) {
    let person = Person::new(store, 1);
    person.create(conversation(1), Some("Mine"), 0).await;
    person
        .append(vec![plain(conversation(1), said(message(1), "Hello"))])
        .await;
    let set = store
        .set_generated_title(person.owner, conversation(1), "Yours".to_owned(), at(61))
        .await;
    assert_eq!(set, Ok(false));
    assert_eq!(title(&person).await, titled("Mine", TitleSource::User));

    person.create(conversation(2), None, 0).await;
    let set = store
        .set_generated_title(person.owner, conversation(2), "Yours".to_owned(), at(61))
        .await;
    assert_eq!(set, Ok(true));
    let patch = ConversationPatch {
        title: Some("Mine".to_owned()),
        ..ConversationPatch::default()
    };
    let updated = store
        .update(person.owner, conversation(2), patch, at(62))
        .await;
    let updated = updated.unwrap().done().unwrap();
    assert_eq!(
        (updated.title.as_deref(), updated.title_source),
        (Some("Mine"), TitleSource::User)
    );
}
