//! Whoever waits is woken, after the unit of work, and only when something went on.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::mem;
use std::sync::{Arc, Mutex};

use manent_domain::ports::{
    ConversationRepository, MessageRepository, RunRepository, Signal, SignalListener,
};
use manent_domain::run::RunEvent;
use manent_storage_memory::MemoryStore;
use manent_storage_memory::conformance::person::{at, conversation, message, plain, said};
use manent_storage_memory::conformance::runner::{Runner, completed, logged, run, words};

#[derive(Default)]
struct Heard(Mutex<Vec<Signal>>);

impl SignalListener for Heard {
    fn signal(&self, signal: Signal) {
        self.0.lock().unwrap().push(signal);
    }
}

impl Heard {
    fn take(&self) -> Vec<Signal> {
        mem::take(&mut self.0.lock().unwrap())
    }
}

#[tokio::test]
async fn every_unit_of_work_tells_what_went_on() {
    let heard = Arc::new(Heard::default());
    let store = MemoryStore::with_signals(heard.clone());
    let runner = Runner::new(&store);
    let owner = runner.owner();
    let feed = Signal::Feed(owner);
    let log = Signal::Run(owner, run(1));

    runner.person.create(conversation(1), None, 0).await;
    assert_eq!(heard.take(), [feed]);
    let hello = || vec![plain(conversation(1), said(message(1), "Hello"))];
    store.append(owner, hello(), at(1)).await.unwrap();
    assert_eq!(heard.take(), [feed]);
    runner.begin(run(1), None).await;
    assert_eq!(heard.take(), [feed]);
    runner.go_on(run(1), logged(1, [words("a")]), None).await;
    assert_eq!(heard.take(), [log]);
    store.request_stop(owner, run(1), at(20)).await.unwrap();
    assert_eq!(heard.take(), [log]);
    let end = logged(2, [RunEvent::Ended(completed())]);
    runner.go_on(run(1), end, None).await;
    assert_eq!(heard.take(), [log, feed]);
    runner.of(2).begin(run(2), None).await;
    heard.take();
    runner.on(2).interrupt_dead(30, 10, 50).await;
    let other = runner.of(2).owner();
    assert_eq!(
        heard.take(),
        [Signal::Run(other, run(2)), Signal::Feed(other)]
    );
}

#[tokio::test]
async fn nothing_is_told_when_nothing_went_on() {
    let heard = Arc::new(Heard::default());
    let store = MemoryStore::with_signals(heard.clone());
    let runner = Runner::new(&store);
    let owner = runner.owner();
    runner.person.create(conversation(1), None, 0).await;
    runner.begin(run(1), None).await;
    runner.go_on(run(1), logged(1, [words("a")]), None).await;
    store.request_stop(owner, run(1), at(20)).await.unwrap();
    heard.take();

    runner.person.create(conversation(1), None, 0).await;
    let missing = vec![plain(conversation(9), said(message(1), "Hello"))];
    store.append(owner, missing, at(1)).await.unwrap();
    store.restore(owner, conversation(1), at(2)).await.unwrap();
    runner.begin(run(1), None).await;
    runner.go_on(run(1), vec![], None).await;
    runner.go_on(run(1), logged(1, [words("a")]), None).await;
    store.request_stop(owner, run(1), at(21)).await.unwrap();
    runner.on(2).interrupt_dead(0, 10, 50).await;
    assert_eq!(heard.take(), []);
}
