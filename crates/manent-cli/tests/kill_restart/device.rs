//! A device with an outbox in memory: it sends its lanes in order and sends again what was not answered.

use std::collections::VecDeque;

use manent_testkit::{Client, new_id};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// One message as the device wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) id: String,
    pub(crate) conversation: String,
    pub(crate) device: String,
    pub(crate) device_seq: u64,
    pub(crate) text: String,
}

/// A message that the server answered with `stored` or `duplicate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) message: Written,
    pub(crate) seq: u64,
}

struct Lane {
    conversation: String,
    next: u64,
    outbox: VecDeque<Written>,
}

pub(crate) struct Device {
    id: String,
    lanes: Vec<Lane>,
    random: StdRng,
    acknowledged: Vec<Acknowledged>,
    written: usize,
}

impl Device {
    pub(crate) fn new(number: usize, conversations: &[String], seed: u64) -> Self {
        let lane = |conversation: &String| Lane {
            conversation: conversation.clone(),
            next: 1,
            outbox: VecDeque::new(),
        };
        Self {
            id: format!("device-{number}"),
            lanes: conversations.iter().map(lane).collect(),
            random: StdRng::seed_from_u64(seed),
            acknowledged: Vec::new(),
            written: 0,
        }
    }

    pub(crate) const fn written(&self) -> usize {
        self.written
    }

    pub(crate) fn take_acknowledged(&mut self) -> Vec<Acknowledged> {
        std::mem::take(&mut self.acknowledged)
    }

    /// Writes and sends without a pause. Each answer adds a permit.
    pub(crate) async fn send_until_the_server_dies(
        &mut self,
        client: &Client,
        answers: &Semaphore,
    ) {
        loop {
            self.write();
            if self.send(client).await.is_none() {
                return;
            }
            answers.add_permits(1);
        }
    }

    /// Sends until the outbox is empty.
    pub(crate) async fn send_the_rest(&mut self, client: &Client) {
        while self.lanes.iter().any(|lane| !lane.outbox.is_empty()) {
            assert!(self.send(client).await.is_some(), "the server lives");
        }
    }

    fn write(&mut self) {
        for _ in 0..self.random.random_range(1..=4) {
            let lane = self.random.random_range(0..self.lanes.len());
            let lane = &mut self.lanes[lane];
            let text = format!("{} writes {} of {}", self.id, lane.next, lane.conversation);
            lane.outbox.push_back(Written {
                id: new_id(),
                conversation: lane.conversation.clone(),
                device: self.id.clone(),
                device_seq: lane.next,
                text,
            });
            lane.next += 1;
            self.written += 1;
        }
    }

    /// Sends what waits in one batch; `None` when the server does not answer.
    async fn send(&mut self, client: &Client) -> Option<()> {
        let batch: Vec<Written> = self
            .lanes
            .iter()
            .flat_map(|lane| lane.outbox.iter().take(20).cloned())
            .collect();
        let messages: Vec<Value> = batch
            .iter()
            .map(|message| {
                json!({"id": message.id, "conversationId": message.conversation, "parentId": null,
                    "deviceSeq": message.device_seq, "role": "user", "content": message.text})
            })
            .collect();
        let body = json!({"deviceId": self.id, "messages": messages});
        let answer = client.post("/message/append", &body).await.ok()?;
        assert_eq!(answer.status, 200, "{answer:?}");
        let results = answer.body["results"].as_array().expect("results").clone();
        assert_eq!(results.len(), batch.len());
        for (message, result) in batch.into_iter().zip(results) {
            let outcome = result["outcome"].as_str().expect("an outcome");
            assert!(
                matches!(outcome, "stored" | "duplicate"),
                "{message:?}: {result}"
            );
            let seq = result["seq"].as_u64().expect("a seq");
            let lane = self
                .lanes
                .iter_mut()
                .find(|lane| lane.conversation == message.conversation)
                .expect("the lane");
            assert_eq!(lane.outbox.pop_front().as_ref(), Some(&message));
            self.acknowledged.push(Acknowledged { message, seq });
        }
        Some(())
    }
}
