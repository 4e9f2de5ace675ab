//! What the statements on runs could get wrong while every decision is right.

use manent_domain::ports::RunRepository;
use manent_domain::run::{LoggedEvent, NewRun, RunEnd, RunEvent, RunProgress};
use manent_storage_memory::conformance::person::{Person, at};
use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use manent_types::{NodeId, RunId};
use uuid::Uuid;

#[tokio::test]
async fn a_run_found_dead_that_then_ends_in_the_same_way_has_its_own_time_of_end() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(directory.path())).unwrap();
    let owner = Person::new(&store, 1).owner;
    let [node, other] = [1, 2].map(|number| NodeId::new(Uuid::from_u128(number)));
    let new = NewRun {
        id: RunId::new(Uuid::from_u128(3)),
        node,
        record: None,
        started_at: at(0),
    };
    store.begin(owner, new, at(0)).await.unwrap();
    let found = store.interrupt_dead(other, at(5), 1, at(6)).await.unwrap();
    assert_eq!(found, [(owner, new.id)]);
    let end = RunEnd::interrupted();
    let progress = RunProgress {
        owner,
        run: new.id,
        events: vec![LoggedEvent {
            position: 1,
            event: RunEvent::Ended(end.clone()),
        }],
        answer: None,
        end: Some(end.clone()),
    };
    let events = progress.events.clone();
    store.record(node, vec![progress], at(7)).await.unwrap();
    let page = store.read_log(owner, new.id, 0, 1_000).await.unwrap();
    let page = page.unwrap();
    assert_eq!(page.run.ended_at, Some(at(7)));
    assert_eq!((page.run.last_position, page.run.end), (1, Some(end)));
    assert_eq!(page.events, events);
    store.close().await;
}
