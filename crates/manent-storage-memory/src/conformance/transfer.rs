//! Moving everything from one store to another. The other store is always [`MemoryStore`].

use manent_domain::append::{ChangeKind, Outcome, ParentRef};
use manent_domain::conversation::{ConversationPatch, LabelChange, NewConversation};
use manent_domain::document::Document;
use manent_domain::error::Refusal;
use manent_domain::feed::Subject;
use manent_domain::run::{RecordTarget, RunEvent};
use manent_domain::search::HitKind;
use manent_domain::transfer::{RecordKind, TransferRecord};
use manent_types::{MessageStatus, ModelSettings, Usage};
use serde_json::json;

use super::FullStore;
use super::documents::body;
use super::person::{
    Person, after, answered, at, change, conversation, delete, edit, extras, extras_patch, label,
    message, plain, plain_change, refused, said, sequenced, sequenced_change,
};
use super::runner::{Runner, completed, logged, run, snapshot, started, target, words};
use crate::MemoryStore;

/// Everything of a kind, in pages.
async fn export_kind(store: &dyn FullStore, kind: RecordKind, limit: usize) -> Vec<TransferRecord> {
    let mut records: Vec<TransferRecord> = Vec::new();
    loop {
        let page = store.export(kind, records.last().cloned(), limit).await;
        let page = page.unwrap();
        assert!(page.len() <= limit, "a page has at most its limit");
        assert!(page.iter().all(|record| record.kind() == kind));
        if page.is_empty() {
            return records;
        }
        records.extend(page);
    }
}

/// Everything.
pub(crate) async fn export(store: &dyn FullStore, limit: usize) -> Vec<TransferRecord> {
    let mut records = Vec::new();
    for kind in RecordKind::ALL {
        records.extend(export_kind(store, kind, limit).await);
    }
    records
}

/// Imports in pieces.
async fn import(store: &dyn FullStore, records: &[TransferRecord], limit: usize) {
    for piece in records.chunks(limit) {
        store.import(piece.to_vec()).await.unwrap();
    }
}

/// Two owners with something of everything.
async fn fill(store: &dyn FullStore) {
    for number in [2, 1] {
        fill_person(store, number).await;
    }
}

/// Something of everything for one owner.
pub(crate) async fn fill_person(store: &dyn FullStore, number: u128) {
    let runner = Runner::new(store).of(number);
    fill_conversations(runner).await;
    fill_messages(runner.person).await;
    fill_runs(runner).await;
}

async fn fill_conversations(runner: Runner<'_>) {
    let (store, owner, person) = (runner.store, runner.owner(), runner.person);
    for number in [3, 1, 2] {
        person.create(conversation(number), None, 1).await;
    }
    let patch = ConversationPatch {
        title: Some("Zoë's \u{1f600}".to_owned()),
        config: Some(ModelSettings {
            model: Some("m-1".to_owned()),
            system: Some("Be brief.".to_owned()),
            ..ModelSettings::default()
        }),
        archived: Some(true),
        pinned: Some(true),
        labels: Some(LabelChange {
            add: [label("tag:α"), label("tag:b")].into(),
            ..LabelChange::default()
        }),
        extras: Some(extras_patch(json!({"a": {"b": [1, null, "ü"]}}))),
        ..ConversationPatch::default()
    };
    store
        .update(owner, conversation(2), patch, at(2))
        .await
        .unwrap();
    store.trash(owner, conversation(3), at(3)).await.unwrap();
    let temporary = NewConversation {
        expires_at: Some(at(900)),
        ..NewConversation::new(conversation(4))
    };
    store.create(owner, temporary, at(4)).await.unwrap();
    let documents = [("preset", "b"), ("preset", "a"), ("preset-2", "ü")];
    let documents = documents.map(|(kind, id)| TransferRecord::Document {
        owner,
        document: Document {
            kind: kind.to_owned(),
            id: id.to_owned(),
            body: body(json!({"a": [null, "\u{0}ü"]})),
            revision: 3,
            created_at: at(1),
            updated_at: at(2),
        },
    });
    store.import(documents.into()).await.unwrap();
}

async fn fill_messages(person: Person<'_>) {
    let first = conversation(1);
    let answer = manent_domain::append::NewMessage {
        status: MessageStatus::Stopped,
        model: Some("m-1".to_owned()),
        provider: Some("scripted".to_owned()),
        usage: Some(Usage {
            output_tokens: Some(3),
            ..Usage::default()
        }),
        created_at: Some(at(-500)),
        extras: extras(json!({"kept": ["\u{0}", {"ü": null}]})),
        ..answered(message(2), "red fox")
    };
    let batch = vec![
        sequenced("phone", 1, first, said(message(1), "blue whale")),
        plain(first, answer),
        sequenced(
            "phone-2",
            1,
            first,
            after(message(1), said(message(3), "x")),
        ),
        sequenced("phone", 2, first, after(message(9), said(message(4), "y"))),
        sequenced_change("phone", 3, first, change(message(11), delete(message(4)))),
        refused("phone", 4, first, None, Refusal::InvalidBody),
        sequenced("phone", 5, first, said(message(2), "taken")),
        sequenced_change(
            "phone",
            6,
            first,
            change(message(12), edit(message(1), "grey")),
        ),
        plain_change(first, change(message(13), edit(message(1), "white whale"))),
        plain_change(first, change(message(14), delete(message(3)))),
        plain(conversation(2), said(message(5), "elsewhere")),
        sequenced("phone", 1, conversation(9), said(message(6), "nowhere")),
        plain_change(conversation(2), change(message(15), ChangeKind::Trash)),
        plain_change(conversation(2), change(message(16), ChangeKind::Restore)),
    ];
    let refusals = person
        .append(batch)
        .await
        .iter()
        .filter(|outcome| !matches!(outcome, Outcome::Stored { .. }))
        .count();
    assert_eq!(refusals, 5);
    let many = (7..=16)
        .map(|number| {
            let device_seq = u64::try_from(number).unwrap();
            let orphan = after(message(9), said(message(20 + number), "z"));
            sequenced("phone", device_seq, first, orphan)
        })
        .collect();
    person.append(many).await;
}

async fn fill_runs(runner: Runner<'_>) {
    for number in [3, 1, 2] {
        let record = target(conversation(1), message(100 + number));
        runner.begin_new(run(number), Some(record)).await;
        let begin = logged(1, [started(), words("half an ")]);
        runner
            .go_on(run(number), begin, Some(snapshot("half an ", 2)))
            .await;
    }
    let missing = RecordTarget {
        parent: ParentRef::Message(message(99)),
        ..target(conversation(1), message(104))
    };
    runner.begin_new(run(4), Some(missing)).await;
    let rooted = RecordTarget {
        parent: ParentRef::Root,
        ..missing
    };
    runner.on(2).begin_new(run(5), Some(rooted)).await;
    runner.on(2).begin_new(run(6), None).await;
    let end = logged(3, [words("answer"), RunEvent::Ended(completed())]);
    runner
        .go_on(run(1), end.clone(), Some(snapshot("half an answer", 4)))
        .await;
    runner.on(2).interrupt_dead(20, 10, 50).await;
    runner
        .store
        .request_stop(runner.owner(), run(2), at(51))
        .await
        .unwrap();
    let gone = logged(1, [RunEvent::Ended(completed())]);
    runner.on(2).go_on_at(run(6), gone, None, 40).await;
    runner.store.clear_logs(at(45), 1).await.unwrap();
}

/// An empty store has no records, and takes none.
pub async fn nothing_is_exported_from_nothing(store: &dyn FullStore) {
    store.import(vec![]).await.unwrap();
    assert_eq!(export(store, 10).await, []);
}

/// The other store exports the same records in the same order.
pub async fn what_is_exported_is_everything(store: &dyn FullStore) {
    fill(store).await;
    let records = export(store, 1_000).await;
    // Rows of accounts have a part of the suite of their own.
    for kind in RecordKind::ALL
        .into_iter()
        .filter(|kind| !kind.is_of_accounts())
    {
        let count = records
            .iter()
            .filter(|record| record.kind() == kind)
            .count();
        assert!(count >= 2, "there is something of every kind: {kind:?}");
    }
    let other = MemoryStore::new();
    import(&other, &records, 1_000).await;
    assert_eq!(export(&other, 1_000).await, records);
}

/// In pieces of any size, and a second time.
pub async fn what_is_imported_is_exported_again(store: &dyn FullStore) {
    let other = MemoryStore::new();
    fill(&other).await;
    let records = export(&other, 1_000).await;
    import(store, &records, 7).await;
    assert_eq!(export(store, 1_000).await, records);
    import(store, &records, 1_000).await;
    assert_eq!(export(store, 1_000).await, records);
}

/// Whatever the size of the pages.
pub async fn an_export_has_one_order(store: &dyn FullStore) {
    fill(store).await;
    let records = export(store, 1_000).await;
    assert_eq!(export(store, 1).await, records);
    assert_eq!(export(store, 3).await, records);
    let other = MemoryStore::new();
    let mut shuffled = records.clone();
    shuffled.sort_by_key(|record| (record.kind(), std::cmp::Reverse(format!("{record:?}"))));
    import(&other, &shuffled, 1_000).await;
    assert_eq!(export(&other, 1_000).await, records);
}

/// What is read is what was there: lists, messages, logs, the feed, and the search.
pub async fn an_imported_store_reads_as_the_one_before(store: &dyn FullStore) {
    let other = MemoryStore::new();
    fill(&other).await;
    import(store, &export(&other, 1_000).await, 50).await;
    for number in [1, 2] {
        let before = Runner::new(&other).of(number);
        let now = Runner::new(store).of(number);
        for number in [1, 2, 3] {
            let id = conversation(number);
            assert_eq!(
                now.person.conversation(id).await,
                before.person.conversation(id).await
            );
            assert_eq!(
                now.person.messages(id).await,
                before.person.messages(id).await
            );
        }
        for number in 1..=6 {
            assert_eq!(
                now.read_log(run(number), 0, 1_000_000).await,
                before.read_log(run(number), 0, 1_000_000).await
            );
        }
        assert_eq!(now.changes(0).await, before.changes(0).await);
        for words in [
            ["whale"],
            ["white"],
            ["blue"],
            ["fox"],
            ["x"],
            ["zoë"],
            ["answer"],
        ] {
            let count = before.person.search(&words).await.len();
            assert_eq!(now.person.search(&words).await.len(), count, "{words:?}");
        }
    }
    let person = Person::new(store, 1);
    assert_eq!(person.search(&["white"]).await.len(), 1);
    let blue = person.search(&["blue"]).await;
    assert!(
        matches!(&blue[..], [hit] if hit.kind == HitKind::Title),
        "only the title still says what the message was: {blue:?}"
    );
}

/// Lanes, changes, places, runs and the feed go on where they were.
pub async fn an_imported_store_goes_on(store: &dyn FullStore) {
    let other = MemoryStore::new();
    fill(&other).await;
    import(store, &export(&other, 1_000).await, 50).await;
    let runner = Runner::new(store);
    let person = runner.person;
    let first = conversation(1);
    let last_seq = person.conversation(first).await.last_seq;
    let head = runner.head().await;
    let batch = vec![
        sequenced("phone", 1, first, said(message(1), "blue whale")),
        sequenced("phone", 2, first, after(message(9), said(message(4), "y"))),
        sequenced_change(
            "phone",
            6,
            first,
            change(message(12), edit(message(1), "grey")),
        ),
        sequenced("phone", 17, first, said(message(50), "on")),
    ];
    let expected = [
        Outcome::Duplicate { seq: 1 },
        Outcome::Rejected(Refusal::ParentUnknown),
        Outcome::Duplicate { seq: 1 },
        Outcome::Stored { seq: last_seq + 1 },
    ];
    assert_eq!(person.append(batch).await, expected);
    assert_eq!(
        runner.subjects(head).await,
        [Subject::Message(message(50)), Subject::Conversation(first)]
    );
    let end = logged(3, [words("answer"), RunEvent::Ended(completed())]);
    let standing = runner
        .go_on(run(2), end, Some(snapshot("half an answer", 4)))
        .await;
    assert!(standing.stop_requested);
    assert_eq!(standing.last_position, 4);
    let answer = person.message(message(102)).await;
    assert_eq!(
        (answer.status, answer.content),
        (
            MessageStatus::Complete,
            super::person::text("half an answer")
        )
    );
}

/// Under the same key; the words that were replaced are not found any more.
pub async fn what_is_imported_replaces_what_was_there(store: &dyn FullStore) {
    let other = MemoryStore::new();
    let before = Runner::with_conversation(&other, conversation(1)).await;
    before
        .person
        .append_one(plain(conversation(1), said(message(1), "blue whale")))
        .await;
    import(store, &export(&other, 1_000).await, 1_000).await;
    let mine = change(message(11), edit(message(1), "red fox"));
    before
        .person
        .append_one(plain_change(conversation(1), mine))
        .await;
    let patch = ConversationPatch {
        title: Some("Animals".to_owned()),
        ..ConversationPatch::default()
    };
    before
        .store
        .update(before.owner(), conversation(1), patch, at(70))
        .await
        .unwrap();
    let records = export(&other, 1_000).await;
    import(store, &records, 1_000).await;
    assert_eq!(export(store, 1_000).await, records);
    let person = Person::new(store, 1);
    assert_eq!(person.search(&["whale"]).await, []);
    assert_eq!(person.search(&["fox"]).await.len(), 1);
    assert_eq!(person.search(&["animals"]).await.len(), 1);
}
