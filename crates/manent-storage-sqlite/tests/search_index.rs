//! After whatever changes, the search's index holds the words that its source shows, and no others.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use manent_domain::append::ParentRef;
use manent_domain::completion::CompletionEvent;
use manent_domain::ports::{RunRepository, TransferRepository};
use manent_domain::run::{
    AnswerSnapshot, LoggedEvent, NewRun, RecordTarget, RunEnd, RunEvent, RunProgress,
};
use manent_domain::transfer::RecordKind;
use manent_storage_memory::conformance::person::{
    Person, at, change, conversation, delete, edit, message, plain, plain_change, said, text,
    undelete,
};
use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use manent_types::{MessageStatus, NodeId, RunId};
use rusqlite::Connection;
use uuid::Uuid;

/// Each word with its places, in the index and in one that is made anew from the source.
fn words(directory: &Path) -> [Vec<String>; 2] {
    let connection = Connection::open(directory.join("manent.db")).unwrap();
    connection
        .execute_batch(
            "CREATE VIRTUAL TABLE temp.anew USING fts5 (owner, text, tokenize = 'unicode61 remove_diacritics 2');
             INSERT INTO temp.anew (rowid, owner, text) SELECT pk, owner, text FROM message_search_source WHERE text <> '';
             CREATE VIRTUAL TABLE temp.stored_words USING fts5vocab (main, message_search, instance);
             CREATE VIRTUAL TABLE temp.new_words USING fts5vocab (temp, anew, instance);",
        )
        .unwrap();
    ["stored_words", "new_words"].map(|table| {
        let sql = format!(
            "SELECT term || ' ' || doc || ' ' || col || ' ' || \"offset\" FROM temp.{table} ORDER BY 1"
        );
        let mut statement = connection.prepare(&sql).unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        found.collect::<Result<_, _>>().unwrap()
    })
}

const NODE: NodeId = NodeId::new(Uuid::from_u128(1));

fn run(number: u128) -> RunId {
    RunId::new(Uuid::from_u128(number))
}

/// A run that answers with one message.
fn new_run(number: u128) -> NewRun {
    NewRun {
        id: run(number),
        node: NODE,
        record: Some(RecordTarget {
            conversation: conversation(1),
            message: message(100 + number),
            parent: ParentRef::Newest,
        }),
        started_at: at(0),
    }
}

/// So many words, told one by one; the answer so far.
fn progress(
    person: &Person<'_>,
    number: u128,
    from: u64,
    to: u64,
    end: Option<RunEnd>,
) -> RunProgress {
    let word = |position: u64| format!("word{position} ");
    let mut events: Vec<_> = (from..=to)
        .map(|position| LoggedEvent {
            position,
            event: RunEvent::Completion(CompletionEvent::Text(word(position))),
        })
        .collect();
    if let Some(end) = &end {
        events.push(LoggedEvent {
            position: to + 1,
            event: RunEvent::Ended(end.clone()),
        });
    }
    RunProgress {
        owner: person.owner,
        run: run(number),
        answer: Some(AnswerSnapshot {
            content: text(&(1..=to).map(word).collect::<String>()),
            usage: None,
            position: events.last().map_or(to, |last| last.position),
        }),
        events,
        end,
    }
}

fn complete() -> RunEnd {
    RunEnd {
        status: MessageStatus::Complete,
        finish_reason: None,
        failure: None,
    }
}

#[tokio::test]
async fn the_index_follows_edits_deletions_and_runs() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(directory.path())).unwrap();
    let person = Person::with_conversation(&store, conversation(1)).await;
    let said = |number: u128, words: &str| plain(conversation(1), said(message(number), words));
    let changed =
        |number: u128, kind| plain_change(conversation(1), change(message(1_000 + number), kind));
    person
        .append(vec![
            said(1, "one uno"),
            said(2, "two dos"),
            said(3, "three tres"),
        ])
        .await;
    // In one batch with what it changes, twice over.
    person
        .append(vec![
            said(4, "four cuatro"),
            changed(1, edit(message(4), "quatre")),
            changed(2, delete(message(4))),
            changed(3, undelete(message(4))),
            changed(4, edit(message(1), "eins")),
            changed(5, edit(message(1), "un")),
            changed(6, delete(message(2))),
            changed(7, edit(message(2), "zwei")),
            changed(8, delete(message(3))),
        ])
        .await;
    person.append(vec![changed(9, undelete(message(2)))]).await;

    for number in 1..=3 {
        store
            .begin(person.owner, new_run(number), at(1))
            .await
            .unwrap();
    }
    let record = |progress: Vec<RunProgress>| store.record(NODE, progress, at(2));
    let of = |number, from, to, end| progress(&person, number, from, to, end);
    record(vec![
        of(1, 1, 2, None),
        of(2, 1, 2, None),
        of(3, 1, 1, None),
    ])
    .await
    .unwrap();
    assert_eq!(
        person.search(&["word1"]).await,
        [],
        "not while they are written"
    );
    record(vec![of(1, 3, 4, None), of(1, 5, 5, Some(complete()))])
        .await
        .unwrap();
    assert_eq!(person.search(&["word5"]).await.len(), 1);
    // Found dead, both; one comes back, and its answer is not found again until its end.
    let other = NodeId::new(Uuid::from_u128(2));
    let dead = store
        .interrupt_dead(other, at(9), 10, at(10))
        .await
        .unwrap();
    assert_eq!(dead, [(person.owner, run(2)), (person.owner, run(3))]);
    assert_eq!(person.search(&["word2"]).await.len(), 2);
    record(vec![of(2, 3, 3, None)]).await.unwrap();
    assert_eq!(person.search(&["word2"]).await.len(), 1);
    record(vec![of(2, 4, 7, Some(complete()))]).await.unwrap();
    assert_eq!(person.search(&["word7"]).await.len(), 1);
    person.append(vec![changed(10, delete(message(103)))]).await;

    // Bringing in what is there changes nothing.
    for kind in RecordKind::ALL {
        let records = store.export(kind, None, 1_000).await.unwrap();
        store.import(records).await.unwrap();
    }
    store.close().await;
    let [stored, anew] = words(directory.path());
    assert!(
        anew.iter().any(|word| word.starts_with("word7 ")),
        "{anew:?}"
    );
    assert_eq!(stored, anew);
}
