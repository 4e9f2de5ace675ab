//! Runs whose process died, or was thought to; and logs that are old.

use manent_domain::run::{INTERRUPTION_GAP, Run, RunEnd, RunEvent, RunLogPage};
use manent_types::MessageStatus;

use super::FullStore;
use super::person::at;
use super::runner::{Runner, WHOLE, completed, logged, run, running, words};

/// Silent for too long, of another process: the end lies far behind the last event.
pub async fn a_dead_run_is_interrupted(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let begun = runner.begin_new(run(1), None).await;
    runner
        .go_on_at(run(1), logged(1, [words("a")]), None, 20)
        .await;
    let found = runner.on(2).interrupt_dead(21, 10, 50).await;
    assert_eq!(found, [(runner.owner(), run(1))]);
    let expected = Run {
        status: MessageStatus::Interrupted,
        last_position: 1 + INTERRUPTION_GAP,
        end: Some(RunEnd::interrupted()),
        heartbeat_at: at(20),
        ended_at: Some(at(50)),
        ..begun
    };
    assert_eq!(runner.run(run(1)).await, expected);
    let mut log = logged(1, [words("a")]);
    log.extend(logged(
        1 + INTERRUPTION_GAP,
        [RunEvent::Ended(RunEnd::interrupted())],
    ));
    assert_eq!(runner.log(run(1)).await, log);
    let page = runner.read_log(run(1), 1 << 20, WHOLE).await.unwrap();
    assert_eq!(
        page.events,
        log[1..],
        "a cursor beyond the log finds the end"
    );
    assert_eq!(runner.on(3).interrupt_dead(60, 10, 70).await, []);
}

/// Those heard of in time, those of the process that looks, and those that ended are left alone.
pub async fn only_the_dead_are_interrupted(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.begin_new(run(1), None).await;
    runner.begin_new(run(2), None).await;
    runner.begin_new(run(3), None).await;
    runner.on(2).begin_new(run(4), None).await;
    runner.go_on_at(run(2), vec![], None, 30).await;
    let end = logged(1, [RunEvent::Ended(completed())]);
    runner.go_on_at(run(3), end, None, 10).await;
    let found = runner.on(2).interrupt_dead(30, 10, 50).await;
    assert_eq!(found, [(runner.owner(), run(1))]);
    let status = [
        runner.run(run(2)).await.status,
        runner.run(run(3)).await.status,
        runner.run(run(4)).await.status,
    ];
    let expected = [
        MessageStatus::Running,
        MessageStatus::Complete,
        MessageStatus::Running,
    ];
    assert_eq!(status, expected);
}

/// Of all owners, so many at a time, each once.
pub async fn the_dead_are_found_in_pieces(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let mut expected = Vec::new();
    for number in 1..=5 {
        let whose = runner.of(number % 2 + 1);
        whose.begin_new(run(number), None).await;
        expected.push((whose.owner(), run(number)));
    }
    let finder = runner.on(2);
    let mut found = Vec::new();
    for count in [2, 2, 1, 0] {
        let piece = finder.interrupt_dead(60, 2, 70).await;
        assert_eq!(piece.len(), count);
        found.extend(piece);
    }
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// The finding was wrong: its end leaves the log, and the positions go on where the run was.
pub async fn a_run_that_was_found_dead_wrongly_lives_on(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let begun = runner.begin_new(run(1), None).await;
    runner
        .go_on_at(run(1), logged(1, [words("a")]), None, 20)
        .await;
    runner.on(2).interrupt_dead(30, 10, 50).await;
    let standing = runner
        .go_on_at(run(1), logged(2, [words("b")]), None, 51)
        .await;
    assert_eq!(standing, running(2));
    let expected = Run {
        last_position: 2,
        heartbeat_at: at(51),
        ..begun.clone()
    };
    assert_eq!(runner.run(run(1)).await, expected);
    assert_eq!(
        runner.log(run(1)).await,
        logged(1, [words("a"), words("b")])
    );
    // Again, by a heartbeat alone.
    runner.on(2).interrupt_dead(60, 10, 70).await;
    assert_eq!(runner.go_on_at(run(1), vec![], None, 71).await, running(2));
    // Again, with its end.
    runner.on(2).interrupt_dead(80, 10, 90).await;
    let end = logged(3, [RunEvent::Ended(completed())]);
    runner.go_on_at(run(1), end.clone(), None, 91).await;
    let expected = Run {
        status: MessageStatus::Complete,
        last_position: 3,
        end: Some(completed()),
        heartbeat_at: at(91),
        ended_at: Some(at(91)),
        ..begun
    };
    assert_eq!(runner.run(run(1)).await, expected);
    let mut log = logged(1, [words("a"), words("b")]);
    log.extend(end);
    assert_eq!(runner.log(run(1)).await, log);
}

/// The same end, at its own place and time.
pub async fn a_dead_run_may_be_interrupted_by_its_own_process(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let begun = runner.begin_new(run(1), None).await;
    runner.on(2).interrupt_dead(30, 10, 50).await;
    let end = logged(1, [RunEvent::Ended(RunEnd::interrupted())]);
    runner.go_on_at(run(1), end.clone(), None, 51).await;
    let expected = Run {
        status: MessageStatus::Interrupted,
        last_position: 1,
        end: Some(RunEnd::interrupted()),
        heartbeat_at: at(51),
        ended_at: Some(at(51)),
        ..begun
    };
    assert_eq!(runner.run(run(1)).await, expected);
    assert_eq!(runner.log(run(1)).await, end);
}

/// Only its own process can know that it lives.
pub async fn a_dead_run_takes_nothing_of_another_process(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.begin_new(run(1), None).await;
    runner.on(2).interrupt_dead(30, 10, 50).await;
    let before = runner.run(run(1)).await;
    let foreign = runner.progress(run(1), logged(1, [words("b")]), None);
    assert_eq!(runner.on(2).record(vec![foreign], 51).await, [None]);
    assert_eq!(runner.run(run(1)).await, before);
}

/// The runs stay; what runs, and what ended later, keeps its log.
pub async fn old_logs_are_cleared(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let end = || logged(1, [words("a"), RunEvent::Ended(completed())]);
    for number in 1..=5 {
        runner.begin_new(run(number), None).await;
    }
    for (number, seconds) in [(1, 20), (2, 21), (3, 22), (4, 30)] {
        runner.go_on_at(run(number), end(), None, seconds).await;
    }
    runner
        .go_on_at(run(5), logged(1, [words("a")]), None, 20)
        .await;
    let before = runner.run(run(1)).await;
    for count in [2, 1, 0] {
        let cleared = store.clear_logs(at(30), 2).await;
        assert_eq!(cleared.unwrap(), count);
    }
    let cleared = Run {
        log_cleared: true,
        ..before
    };
    let page = runner.read_log(run(1), 0, WHOLE).await;
    let expected = RunLogPage {
        run: cleared.clone(),
        events: vec![],
    };
    assert_eq!(page, Some(expected));
    assert_eq!(runner.run(run(1)).await, cleared);
    assert_eq!(runner.log(run(4)).await, end());
    assert_eq!(runner.log(run(5)).await, logged(1, [words("a")]));
}

/// Late progress does not bring it back.
pub async fn a_dead_run_whose_log_was_cleared_stays_dead(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.begin_new(run(1), None).await;
    runner
        .go_on_at(run(1), logged(1, [words("a")]), None, 20)
        .await;
    runner.on(2).interrupt_dead(30, 10, 50).await;
    assert_eq!(store.clear_logs(at(60), 10).await.unwrap(), 1);
    let before = runner.run(run(1)).await;
    let standing = runner
        .go_on_at(run(1), logged(2, [words("b")]), None, 70)
        .await;
    assert_eq!(standing.status, MessageStatus::Interrupted);
    assert_eq!(runner.run(run(1)).await, before);
    assert_eq!(runner.log(run(1)).await, []);
}
