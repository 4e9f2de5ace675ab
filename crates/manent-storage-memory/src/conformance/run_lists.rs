//! Which runs a conversation and an owner have.

use manent_domain::run::{Run, RunEvent};
use manent_types::RunId;

use super::FullStore;
use super::person::{Person, conversation, message};
use super::runner::{Runner, completed, logged, run, target};

async fn newest(runner: Runner<'_>, number: u128) -> Option<RunId> {
    let found = runner
        .store
        .newest_run_of(runner.owner(), conversation(number));
    found.await.unwrap().map(|found| found.id)
}

/// By the time of its beginning, then by its id; running or not.
pub async fn the_newest_run_of_a_conversation_is_found(store: &dyn FullStore) {
    let (runner, other) = (Runner::new(store), Runner::new(store).of(2));
    for runner in [runner, other] {
        for number in [1, 2] {
            runner.person.create(conversation(number), None, 0).await;
        }
    }
    assert_eq!(newest(runner, 1).await, None);
    for (number, place, seconds) in [(3, 1, 20), (1, 1, 10), (2, 2, 30), (5, 2, 30), (4, 2, 30)] {
        let record = target(conversation(place), message(100 + number));
        runner.begin_at(run(number), Some(record), seconds).await;
    }
    runner.begin_at(run(9), None, 90).await;
    let record = target(conversation(1), message(109));
    other.begin_at(run(8), Some(record), 80).await;
    assert_eq!(newest(runner, 1).await, Some(run(3)));
    assert_eq!(newest(runner, 2).await, Some(run(5)));
    assert_eq!(newest(runner, 3).await, None);
    assert_eq!(newest(other, 1).await, Some(run(8)));
    assert_eq!(newest(other, 2).await, None);
    let whole = store.newest_run_of(runner.owner(), conversation(1)).await;
    assert_eq!(whole.unwrap(), runner.find_run(run(3)).await);
}

/// Not those that ended, nor those of others; the newest first.
pub async fn the_running_runs_of_an_owner_are_listed(store: &dyn FullStore) {
    let (runner, other) = (Runner::new(store), Runner::new(store).of(2));
    for (number, seconds) in [(1, 10), (2, 30), (3, 20), (4, 30)] {
        runner.begin_at(run(number), None, seconds).await;
    }
    other.begin_at(run(5), None, 40).await;
    let end = runner.progress(run(3), logged(1, [RunEvent::Ended(completed())]), None);
    runner.record(vec![end], 41).await;
    let running = async |runner: Runner<'_>, limit| -> Vec<RunId> {
        let found = store.running_of(runner.owner(), limit).await.unwrap();
        found.iter().map(|found: &Run| found.id).collect()
    };
    assert_eq!(running(runner, 10).await, [run(4), run(2), run(1)]);
    assert_eq!(running(runner, 2).await, [run(4), run(2)]);
    assert_eq!(running(other, 10).await, [run(5)]);
    let nobody = Person::new(store, 9).owner;
    assert_eq!(store.running_of(nobody, 10).await, Ok(Vec::new()));
}
