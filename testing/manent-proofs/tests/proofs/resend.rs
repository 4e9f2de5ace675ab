//! Clients that send everything again and again over connections that break.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use manent_proofs::{Api, Deployment, Opened, Store, bounded, eventually, scaled, seeded, text_of};
use manent_testkit::{Mixture, new_id};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;

on_every_store!(requests_that_are_sent_up_to_five_times_count_once);

const CLIENTS: usize = 10;

/// Requests of each client.
const REQUESTS: usize = 24;

/// How often a request is sent at most before a connection without faults is taken.
const MOST_SENT: usize = 5;

/// After which a client takes an answer for lost.
const PATIENCE: Duration = Duration::from_secs(4);

async fn requests_that_are_sent_up_to_five_times_count_once(store: Store) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(seeded("resend"));
    bounded(Duration::from_mins(3), async {
        let deployment = Deployment::new(store).await?;
        let node = deployment.node("a").await?;
        node.proxy().set_mixture(Mixture {
            seed: random.random(),
            faulty_per_mille: 500,
            most_bytes: 1_500,
            longest_stall: Duration::from_millis(300),
        });
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let client = Client {
                proxy: node.proxy().address(),
                whole: node.direct()?,
                conversation: new_id(),
                device: format!("device-{number}"),
                next_in_lane: 1,
                random: StdRng::seed_from_u64(random.random()),
                expected: BTreeMap::new(),
                runs: 0,
                sent: 0,
            };
            clients.spawn(client.work());
        }
        let (mut runs, mut sent, mut messages) = (0, 0, 0);
        while let Some(client) = clients.join_next().await {
            let client = client??;
            client.verify().await?;
            runs += client.runs;
            sent += client.sent;
            messages += client.expected.len();
        }
        let calls = deployment.provider().requests().total();
        println!(
            "{sent} requests sent, {messages} messages, {runs} runs, {calls} calls of the provider, {:?}",
            node.proxy().counts()
        );
        let broken = node.proxy().counts();
        ensure!(
            broken.dropped + broken.cut + broken.reset >= 80 || scaled(REQUESTS) < REQUESTS,
            "hardly anything broke: {broken:?}"
        );
        ensure!(
            calls == runs,
            "the provider was called {calls} times for {runs} runs"
        );
        Ok(())
    })
    .await
}

struct Client {
    /// The way that breaks.
    proxy: SocketAddr,
    /// Past it.
    whole: Api,
    conversation: String,
    device: String,
    next_in_lane: u64,
    random: StdRng,
    /// The text of every message that must be there in the end.
    expected: BTreeMap<String, String>,
    runs: u64,
    sent: usize,
}

impl Client {
    async fn work(mut self) -> anyhow::Result<Self> {
        self.whole.create(&self.conversation).await?;
        for number in 0..scaled(REQUESTS) {
            match number % 3 {
                0 => self.append(number).await?,
                1 => self.record(number).await?,
                _ => self.turn(number).await?,
            }
        }
        Ok(self)
    }

    /// Two messages in the lane of the device.
    async fn append(&mut self, number: usize) -> anyhow::Result<()> {
        let mut messages = Vec::new();
        for half in ["first", "second"] {
            let (id, text) = (new_id(), format!("{half} of {number}"));
            messages.push(json!({"id": id, "conversationId": self.conversation, "deviceSeq": self.next_in_lane,
                "role": "user", "content": text}));
            self.next_in_lane += 1;
            self.expected.insert(id, text);
        }
        let body = json!({"deviceId": self.device, "messages": messages});
        let times = self.times();
        let mut sending = JoinSet::new();
        for _ in 0..times {
            let (api, body) = (self.over_another_connection()?, body.clone());
            sending.spawn(async move {
                let answer = api.client().post("/message/append", &body);
                // Whether there is an answer does not matter.
                let _ = timeout(PATIENCE, answer).await;
            });
        }
        sending.join_all().await;
        // The last time, as an outbox that goes on until there is an answer.
        let answer = self.whole.client().post("/message/append", &body).await?;
        let results = answer.body["results"].as_array().context("results")?;
        ensure!(
            results
                .iter()
                .all(|result| matches!(result["outcome"].as_str(), Some("stored" | "duplicate"))),
            "{answer:?}"
        );
        Ok(())
    }

    /// A run whose answer the server records.
    async fn record(&mut self, number: usize) -> anyhow::Result<()> {
        let (run, answer, question) = (new_id(), new_id(), format!("question {number}"));
        let record =
            json!({"conversationId": self.conversation, "messageId": answer, "parentId": null});
        let body = json!({"messages": [{"role": "user", "content": question}], "config": {}, "runId": run, "record": record});
        self.expected
            .insert(answer, format!("You said: {question}"));
        self.run("/completion/generate", &body).await
    }

    async fn turn(&mut self, number: usize) -> anyhow::Result<()> {
        let (run, message, answer) = (new_id(), new_id(), new_id());
        let question = format!("turn {number}");
        let body = json!({"conversationId": self.conversation, "message": {"id": message, "content": question, "parentId": null},
            "config": {}, "answerId": answer, "runId": run});
        self.expected.insert(message, question.clone());
        self.expected
            .insert(answer, format!("You said: {question}"));
        self.run("/turn/start", &body).await
    }

    /// Sends a request that starts a run several times at once, and once more to see its end.
    async fn run(&mut self, path: &'static str, body: &Value) -> anyhow::Result<()> {
        self.runs += 1;
        let times = self.times();
        let mut sending = JoinSet::new();
        for _ in 0..times {
            let (api, body) = (self.over_another_connection()?, body.clone());
            sending.spawn(async move {
                let _ = timeout(PATIENCE, read(&api, path, &body)).await;
            });
        }
        sending.join_all().await;
        let end = read(&self.whole, path, body).await?;
        ensure!(
            end["status"] == "complete"
                && (end["persisted"] == true || end["journalPosition"].is_u64()),
            "{end}"
        );
        Ok(())
    }

    /// A connection that is used again would keep its luck.
    fn over_another_connection(&self) -> anyhow::Result<Api> {
        Ok(Api::new(manent_testkit::Client::new(self.proxy)?))
    }

    fn times(&mut self) -> usize {
        let times = self.random.random_range(1..=MOST_SENT);
        self.sent += times + 1;
        times
    }

    /// Everything is there, once.
    async fn verify(&self) -> anyhow::Result<()> {
        // On a machine that is busy something may have waited in the journal.
        eventually("everything is there, once", Duration::from_secs(30), || {
            self.compare()
        })
        .await
    }

    async fn compare(&self) -> anyhow::Result<Option<()>> {
        let messages = self.whole.messages(&self.conversation).await?;
        let found: BTreeMap<String, String> = messages
            .iter()
            .map(|message| {
                let id = message["id"].as_str().unwrap_or_default().to_owned();
                (id, text_of(message))
            })
            .collect();
        ensure!(
            found == self.expected,
            "{found:#?}\ninstead of {:#?}",
            self.expected
        );
        ensure!(found.len() == messages.len(), "something is there twice");
        Ok(Some(()))
    }
}

/// What the last event says.
async fn read(api: &Api, path: &str, body: &Value) -> anyhow::Result<Value> {
    let opened = match path {
        "/turn/start" => api.turn(body).await?,
        _ => api.generate(body).await?,
    };
    let Opened::Stream(mut stream) = opened else {
        anyhow::bail!("{opened:?}");
    };
    let events = stream.rest().await?;
    Ok(events.last().context("an end")?.data.clone())
}
