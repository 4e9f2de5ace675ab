//! Runs: registration, the log, stopping, and what becomes of those whose process died.

use manent_domain::completion::CompletionEvent;
use manent_domain::error::Refusal;
use manent_domain::run::{
    AnswerStanding, Begun, LoggedEvent, Run, RunEnd, RunEvent, RunFailure, RunLogPage, RunStanding,
};
use manent_types::{MessageStatus, Usage};

use super::FullStore;
use super::person::{at, conversation, message};
use super::runner::{
    Runner, WHOLE, completed, logged, node, run, running, snapshot, started, target, words,
};

/// Of every kind, with awkward text.
fn every_kind_of_event() -> Vec<LoggedEvent> {
    let completion = RunEvent::Completion;
    logged(
        1,
        [
            started(),
            completion(CompletionEvent::Reasoning("hm\u{0}\n".to_owned())),
            completion(CompletionEvent::ReasoningSignature("c2ln".to_owned())),
            words("Zoë: \"42\" \u{1f600}\u{2028}"),
            completion(CompletionEvent::ToolCall {
                index: 0,
                id: Some("t1".to_owned()),
                name: Some("look".to_owned()),
                arguments_delta: None,
            }),
            completion(CompletionEvent::ToolCall {
                index: 0,
                id: None,
                name: None,
                arguments_delta: Some("{\"a\":1}".to_owned()),
            }),
            completion(CompletionEvent::Usage(Usage {
                output_tokens: Some(7),
                ..Usage::default()
            })),
            RunEvent::Ended(RunEnd {
                status: MessageStatus::Failed,
                finish_reason: None,
                failure: Some(RunFailure {
                    code: "provider_overloaded".to_owned(),
                    detail: "later".to_owned(),
                    retryable: true,
                }),
            }),
        ],
    )
}

/// A second registration finds the first, whatever it says, also when the run ended.
pub async fn begin_is_idempotent(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let record = target(conversation(1), message(1));
    let expected = Run {
        id: run(1),
        node: node(1),
        record: Some(record),
        status: MessageStatus::Running,
        provider: None,
        model: None,
        last_position: 0,
        stop_requested: false,
        end: None,
        started_at: at(10),
        heartbeat_at: at(10),
        ended_at: None,
        log_cleared: false,
    };
    assert_eq!(
        runner.begin(run(1), Some(record)).await,
        Begun::New(expected.clone())
    );
    assert_eq!(runner.run(run(1)).await, expected);
    assert_eq!(
        runner.on(2).begin_at(run(1), None, 30).await,
        Begun::Existing(expected.clone())
    );
    let refused = target(conversation(9), message(1));
    assert_eq!(
        runner.begin(run(1), Some(refused)).await,
        Begun::Existing(expected.clone())
    );
    assert_eq!(runner.run(run(1)).await, expected);
    let end = logged(1, [RunEvent::Ended(completed())]);
    runner.go_on(run(1), end, None).await;
    let ended = runner.run(run(1)).await;
    assert_eq!(
        runner.begin(run(1), Some(record)).await,
        Begun::Existing(ended)
    );
}

/// A run may begin long before it can be registered.
pub async fn a_run_that_is_registered_late_is_alive_then(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let new = manent_domain::run::NewRun {
        id: run(1),
        node: node(1),
        record: None,
        started_at: at(10),
    };
    store.begin(runner.owner(), new, at(70)).await.unwrap();
    let found = runner.run(run(1)).await;
    assert_eq!((found.started_at, found.heartbeat_at), (at(10), at(70)));
}

/// Missing, or another owner's; nothing is registered.
pub async fn a_conversation_that_is_not_the_owners_is_refused(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.of(2).person.create(conversation(1), None, 0).await;
    let record = Some(target(conversation(1), message(1)));
    assert_eq!(
        runner.begin(run(1), record).await,
        Begun::Refused(Refusal::ConversationNotFound)
    );
    assert_eq!(runner.find_run(run(1)).await, None);
    runner.person.create(conversation(1), None, 0).await;
    runner.begin_new(run(1), record).await;
}

/// For nobody but its owner.
pub async fn another_owners_run_does_not_exist(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.begin_new(run(1), None).await;
    let other = runner.of(2);
    assert_eq!(other.find_run(run(1)).await, None);
    assert_eq!(other.read_log(run(1), 0, WHOLE).await, None);
    let stopped = store.request_stop(other.owner(), run(1), at(20)).await;
    assert_eq!(stopped.unwrap(), None);
    let progress = other.progress(run(1), logged(1, [started()]), None);
    assert_eq!(other.record(vec![progress], 20).await, [None]);
    assert_eq!(runner.log(run(1)).await, []);
    assert!(!runner.run(run(1)).await.stop_requested);
}

/// Owners share no ids.
pub async fn same_id_for_two_owners_is_two_runs(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let other = runner.of(2);
    runner.begin_new(run(1), None).await;
    other.begin_new(run(1), None).await;
    let batch = vec![
        runner.progress(run(1), logged(1, [words("mine")]), None),
        other.progress(run(1), logged(1, [started(), words("theirs")]), None),
    ];
    assert_eq!(
        runner.record(batch, 20).await,
        [Some(running(1)), Some(running(2))]
    );
    assert_eq!(runner.log(run(1)).await, logged(1, [words("mine")]));
    assert_eq!(
        other.log(run(1)).await,
        logged(1, [started(), words("theirs")])
    );
}

/// Every kind, every character.
pub async fn a_log_is_read_as_it_was_written(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.begin_new(run(1), None).await;
    let events = every_kind_of_event();
    let standing = runner.go_on(run(1), events.clone(), None).await;
    assert_eq!(standing.status, MessageStatus::Failed);
    let page = runner.read_log(run(1), 0, WHOLE).await;
    let run = runner.run(run(1)).await;
    assert_eq!(page, Some(RunLogPage { run, events }));
}

/// Batch by batch; the first `Started` names provider and model.
pub async fn progress_is_kept_in_order(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let begun = runner.begin_new(run(1), None).await;
    let first = logged(1, [started(), words("Hel")]);
    assert_eq!(runner.go_on_at(run(1), first, None, 20).await, running(2));
    let other_start = RunEvent::Started {
        provider: "other".to_owned(),
        model: "m-2".to_owned(),
    };
    let second = logged(3, [words("lo"), other_start.clone()]);
    assert_eq!(runner.go_on_at(run(1), second, None, 21).await, running(4));
    let end = RunEvent::Ended(completed());
    let third = logged(5, [end.clone()]);
    let ended = RunStanding {
        status: MessageStatus::Complete,
        ..running(5)
    };
    assert_eq!(runner.go_on_at(run(1), third, None, 22).await, ended);
    let whole = logged(1, [started(), words("Hel"), words("lo"), other_start, end]);
    assert_eq!(runner.log(run(1)).await, whole);
    let expected = Run {
        status: MessageStatus::Complete,
        provider: Some("scripted".to_owned()),
        model: Some("m-1".to_owned()),
        last_position: 5,
        end: Some(completed()),
        heartbeat_at: at(22),
        ended_at: Some(at(22)),
        ..begun
    };
    assert_eq!(runner.run(run(1)).await, expected);
}

/// Those whose position is stored already are passed over.
pub async fn events_that_come_again_are_passed_over(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.begin_new(run(1), None).await;
    let first = || logged(1, [started(), words("a")]);
    runner.go_on(run(1), first(), None).await;
    assert_eq!(runner.go_on(run(1), first(), None).await, running(2));
    let overlapping = logged(2, [words("other"), words("b")]);
    assert_eq!(runner.go_on(run(1), overlapping, None).await, running(3));
    assert_eq!(
        runner.log(run(1)).await,
        logged(1, [started(), words("a"), words("b")])
    );
}

/// Nothing of that run's progress is taken, other runs' is; the position tells from where to send again.
pub async fn a_gap_is_not_taken(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let record = target(conversation(1), message(1));
    runner.begin_new(run(1), Some(record)).await;
    runner.begin_new(run(2), None).await;
    let gap = logged(2, [words("b"), RunEvent::Ended(completed())]);
    let batch = vec![
        runner.progress(run(1), gap, Some(snapshot("ab", 3))),
        runner.progress(run(2), logged(1, [started()]), None),
    ];
    let not_yet = RunStanding {
        answer: AnswerStanding::NotYet,
        ..running(0)
    };
    assert_eq!(
        runner.record(batch, 25).await,
        [Some(not_yet.clone()), Some(running(1))]
    );
    assert_eq!(runner.log(run(1)).await, []);
    assert_eq!(runner.person.find_message(message(1)).await, None);
    let found = runner.run(run(1)).await;
    assert_eq!(found.status, MessageStatus::Running);
    assert_eq!(found.heartbeat_at, at(25), "it lives all the same");
    // Holes inside, and an answer that goes further than the log.
    let mut holes = logged(1, [started(), words("a")]);
    holes[1].position = 3;
    assert_eq!(runner.go_on(run(1), holes, None).await, not_yet);
    let ahead = runner
        .go_on(run(1), logged(1, [started()]), Some(snapshot("ab", 2)))
        .await;
    assert_eq!(ahead, not_yet);
    assert_eq!(runner.log(run(1)).await, []);
}

/// It moves the time of the last sign of life, never back.
pub async fn progress_without_anything_is_a_heartbeat(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let begun = runner.begin_new(run(1), None).await;
    assert_eq!(runner.go_on_at(run(1), vec![], None, 40).await, running(0));
    runner.go_on_at(run(1), vec![], None, 30).await;
    let expected = Run {
        heartbeat_at: at(40),
        ..begun
    };
    assert_eq!(runner.run(run(1)).await, expected);
}

/// Each gets an answer in its place.
pub async fn unregistered_runs_are_told_apart_in_a_batch(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.begin_new(run(1), None).await;
    runner.begin_new(run(3), None).await;
    let batch = [1, 2, 3, 1]
        .map(|number| runner.progress(run(number), logged(1, [started()]), None))
        .to_vec();
    assert_eq!(
        runner.record(batch, 20).await,
        [Some(running(1)), None, Some(running(1)), Some(running(1))]
    );
    assert_eq!(runner.record(vec![], 20).await, []);
    // A run of another process.
    let foreign = runner.progress(run(1), logged(2, [words("x")]), None);
    assert_eq!(runner.on(2).record(vec![foreign], 20).await, [None]);
    assert_eq!(runner.log(run(1)).await, logged(1, [started()]));
}

/// Strictly after a position, whole batches, never fewer than asked for.
pub async fn a_log_is_read_in_pieces(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.begin_new(run(1), None).await;
    let batches = [
        logged(1, [started(), words("a")]),
        logged(3, [words("b")]),
        logged(4, [words("c"), words("d")]),
    ];
    for batch in batches.clone() {
        runner.go_on(run(1), batch, None).await;
    }
    let whole = batches.concat();
    for after in 0..=5 {
        let page = runner.read_log(run(1), after, WHOLE).await.unwrap();
        assert_eq!(page.run.last_position, 5);
        let wanted = usize::try_from(5 - after).unwrap();
        assert!(page.events.len() >= wanted, "never fewer than asked for");
        let from = whole.len() - page.events.len();
        assert_eq!(page.events, whole[from..], "up to the end, in order");
        assert!(page.events.len() <= wanted + 1, "a few more at most");
    }
    let end = runner.read_log(run(1), 5, WHOLE).await.unwrap();
    assert_eq!(end.events, []);
    let ahead = runner.read_log(run(1), u64::MAX, WHOLE).await.unwrap();
    assert_eq!(ahead.events, []);
    // At least one batch at a time, so that the reader comes to the end.
    let mut position = 0;
    let mut read = Vec::new();
    while position < 5 {
        let page = runner.read_log(run(1), position, 1).await.unwrap();
        let fresh = page
            .events
            .into_iter()
            .filter(|event| event.position > position);
        let before = read.len();
        read.extend(fresh);
        assert!(read.len() > before, "it goes on");
        assert!(read.len() <= before + 2, "not everything at once");
        position = read
            .last()
            .map_or(position, |last: &LoggedEvent| last.position);
    }
    assert_eq!(read, whole);
    assert_eq!(runner.read_log(run(2), 0, WHOLE).await, None);
}

/// The flag stays until the end, and the process learns of it with its next progress.
pub async fn a_stop_is_asked_for_once_and_told(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let begun = runner.begin_new(run(1), None).await;
    let stopping = Run {
        stop_requested: true,
        ..begun
    };
    for _ in 0..2 {
        let answer = store.request_stop(runner.owner(), run(1), at(15)).await;
        assert_eq!(answer.unwrap(), Some(stopping.clone()));
    }
    let standing = runner.go_on(run(1), vec![], None).await;
    assert!(standing.stop_requested);
    let stopped = RunEnd {
        status: MessageStatus::Stopped,
        finish_reason: None,
        failure: None,
    };
    let end = logged(1, [RunEvent::Ended(stopped.clone())]);
    runner.go_on(run(1), end, None).await;
    let ended = runner.run(run(1)).await;
    assert_eq!(
        (ended.status, ended.end.clone()),
        (MessageStatus::Stopped, Some(stopped))
    );
    let answer = store.request_stop(runner.owner(), run(1), at(90)).await;
    assert_eq!(answer.unwrap(), Some(ended), "one that ended stays");
    let answer = store.request_stop(runner.owner(), run(9), at(90)).await;
    assert_eq!(answer.unwrap(), None);
}

/// A run that ended before somebody asked it to stop is not marked.
pub async fn a_stop_after_the_end_changes_nothing(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.begin_new(run(1), None).await;
    let end = logged(1, [RunEvent::Ended(completed())]);
    runner.go_on(run(1), end, None).await;
    let ended = runner.run(run(1)).await;
    let answer = store.request_stop(runner.owner(), run(1), at(90)).await;
    assert_eq!(answer.unwrap(), Some(ended.clone()));
    assert_eq!(runner.run(run(1)).await, ended);
}

/// No events, no other end, no sign of life.
pub async fn a_run_that_ended_takes_nothing_more(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.begin_new(run(1), None).await;
    // What comes after the end in the same batch is no part of the log either.
    let batch = logged(1, [words("a"), RunEvent::Ended(completed()), words("b")]);
    let ended = RunStanding {
        status: MessageStatus::Complete,
        ..running(2)
    };
    assert_eq!(runner.go_on_at(run(1), batch, None, 20).await, ended);
    let before = runner.run(run(1)).await;
    let more = logged(3, [words("c"), RunEvent::Ended(RunEnd::interrupted())]);
    assert_eq!(runner.go_on_at(run(1), more, None, 30).await, ended);
    assert_eq!(runner.run(run(1)).await, before);
    let log = logged(1, [words("a"), RunEvent::Ended(completed())]);
    assert_eq!(runner.log(run(1)).await, log);
}

/// A process that stops in order ends its runs itself: nobody found them, nothing brings them back.
pub async fn a_run_that_its_own_process_interrupted_stays_so(store: &dyn FullStore) {
    let runner = Runner::new(store);
    runner.begin_new(run(1), None).await;
    let end = logged(1, [RunEvent::Ended(RunEnd::interrupted())]);
    runner.go_on(run(1), end.clone(), None).await;
    let standing = runner.go_on(run(1), logged(2, [words("more")]), None).await;
    assert_eq!(
        (standing.status, standing.last_position),
        (MessageStatus::Interrupted, 1)
    );
    assert_eq!(runner.log(run(1)).await, end);
}
