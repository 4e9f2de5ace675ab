//! Who may begin a run, and what it counts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use manent_domain::completion::{CompletionEvent, CompletionRequest, ProviderError};
use manent_domain::error::DomainError;
use manent_domain::ports::{Admission, Admitted};
use manent_types::{RunId, UserId};

use crate::support::world::{World, owner, pass, plain, recorded, run_id};
use crate::support::{hear, milliseconds};

/// Lets so many in, and writes down what becomes of them.
#[derive(Default)]
struct Door {
    left: Mutex<usize>,
    ended: Arc<Mutex<Vec<Entry>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    run: RunId,
    is_asked: bool,
    is_accepted: bool,
    text: String,
}

struct Ticket {
    entry: Entry,
    ended: Arc<Mutex<Vec<Entry>>>,
}

#[async_trait]
impl Admission for Door {
    async fn admit(
        &self,
        _: UserId,
        run: RunId,
        _: &CompletionRequest,
    ) -> Result<Box<dyn Admitted>, DomainError> {
        let mut left = self.left.lock().unwrap();
        if *left == 0 {
            return Err(DomainError::LimitReached {
                code: "full",
                detail: "full".to_owned(),
                retry_after: Duration::from_secs(1),
            });
        }
        *left -= 1;
        Ok(Box::new(Ticket {
            entry: Entry {
                run,
                is_asked: false,
                is_accepted: false,
                text: String::new(),
            },
            ended: Arc::clone(&self.ended),
        }))
    }
}

impl Admitted for Ticket {
    fn asked(&mut self) {
        self.entry.is_asked = true;
    }

    fn accepted(&mut self, _: &str, _: &str) {
        self.entry.is_accepted = true;
    }

    fn note(&mut self, event: &CompletionEvent) {
        if let CompletionEvent::Text(text) = event {
            self.entry.text.push_str(text);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.ended.lock().unwrap().push(self.entry.clone());
    }
}

async fn world_with_room_for(left: usize) -> (World, Arc<Door>) {
    let mut world = World::new().await;
    let door = Arc::new(Door {
        left: Mutex::new(left),
        ..Door::default()
    });
    world.admission = door.clone();
    (world, door)
}

#[tokio::test(start_paused = true)]
async fn whoever_is_not_admitted_does_not_begin_and_a_retry_of_what_runs_is_never_refused() {
    let (world, door) = world_with_room_for(1).await;
    let node = world.node(1);
    let (voice, reader) = node.start(recorded(1)).await;
    let refused = node.runs.start(owner(), plain(2)).await;
    assert!(matches!(
        refused,
        Err(DomainError::LimitReached { code: "full", .. })
    ));
    assert!(!node.start_again(recorded(1)).await.is_new);
    voice.say("Hello");
    voice.done();
    hear(reader).await;
    pass(milliseconds(500)).await;
    // On another server, which knows it from the store alone.
    let elsewhere = world.node(2);
    let again = elsewhere.runs.start(owner(), recorded(1)).await.unwrap();
    assert!(!again.is_new);
    assert_eq!(hear(again.reader).await.text, "Hello");
    assert_eq!(elsewhere.puppet.calls(), 0);
    let counted = Entry {
        run: run_id(1),
        is_asked: true,
        is_accepted: true,
        text: "Hello".to_owned(),
    };
    assert_eq!(*door.ended.lock().unwrap(), [counted]);
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_refuses_was_asked_and_not_accepted() {
    let (world, door) = world_with_room_for(1).await;
    let node = world.node(1);
    node.puppet.expect_failure(ProviderError::Auth);
    assert!(node.runs.start(owner(), plain(1)).await.is_err());
    let ended = door.ended.lock().unwrap().clone();
    let stood: Vec<_> = ended
        .iter()
        .map(|entry| (entry.is_asked, entry.is_accepted))
        .collect();
    assert_eq!(stood, [(true, false)]);
}

#[tokio::test(start_paused = true)]
async fn every_run_of_an_owner_who_is_gone_is_stopped() {
    let world = World::new().await;
    let node = world.node(1);
    let (_one, first) = node.start(recorded(1)).await;
    let (_two, second) = node.start(plain(2)).await;
    assert_eq!(node.runs.owners(), [owner()].into());
    node.runs.stop_all_of(owner());
    for reader in [first, second] {
        assert_eq!(hear(reader).await.status().as_str(), "stopped");
    }
    assert_eq!(node.runs.owners(), [].into());
}
