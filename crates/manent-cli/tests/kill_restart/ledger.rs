//! Everything that was acknowledged, compared with what the server has.

use std::collections::HashMap;

use manent_testkit::Client;
use serde_json::{Value, json};

use super::device::{Acknowledged, Device};

#[derive(Default)]
pub(crate) struct Ledger {
    acknowledged: HashMap<String, Acknowledged>,
}

impl Ledger {
    pub(crate) fn len(&self) -> usize {
        self.acknowledged.len()
    }

    pub(crate) fn take_acknowledged(&mut self, device: &mut Device) {
        for acknowledged in device.take_acknowledged() {
            let id = acknowledged.message.id.clone();
            let before = self.acknowledged.insert(id, acknowledged);
            assert!(before.is_none(), "acknowledged twice: {before:?}");
        }
    }

    /// Reads everything and holds it against what was acknowledged.
    pub(crate) async fn verify(&self, client: &Client, conversations: &[String], moment: &str) {
        let mut found: HashMap<String, Value> = HashMap::new();
        for conversation in conversations {
            let messages = client.all_messages(conversation).await.unwrap();
            let mut lanes: HashMap<String, u64> = HashMap::new();
            for (index, message) in messages.into_iter().enumerate() {
                assert_eq!(
                    message["seq"],
                    json!(index + 1),
                    "{moment}: seq has no holes"
                );
                let text = message["content"][0]["text"].as_str().unwrap().to_owned();
                let (device, number) = lane_of(&text);
                let last = lanes.entry(device).or_default();
                assert_eq!(
                    number,
                    *last + 1,
                    "{moment}: the lane's order holds at {text:?}"
                );
                *last = number;
                let id = message["id"].as_str().unwrap().to_owned();
                assert!(
                    found.insert(id, message).is_none(),
                    "{moment}: an id is there twice"
                );
            }
        }
        for (id, acknowledged) in &self.acknowledged {
            let message = found
                .get(id)
                .unwrap_or_else(|| panic!("{moment}: lost {acknowledged:?}"));
            let expected = json!({
                "id": id, "conversationId": acknowledged.message.conversation, "parentId": null,
                "seq": acknowledged.seq, "role": "user", "status": "complete",
                "content": [{"type": "text", "text": acknowledged.message.text}],
                "createdAt": message["createdAt"], "storedAt": message["storedAt"],
            });
            assert_eq!(message, &expected, "{moment}");
        }
    }
}

/// The device and its number, as the text tells them.
fn lane_of(text: &str) -> (String, u64) {
    let mut words = text.split(' ');
    let device = words.next().unwrap().to_owned();
    (device, words.nth(1).unwrap().parse().unwrap())
}
