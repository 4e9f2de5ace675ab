//! Three server processes that share nothing but a Postgres database.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use manent_proofs::{
    Api, Deployment, EventStream, Follower, Opened, Store, bounded, eventually, scaled, seeded,
    text_of, words,
};
use manent_testkit::{Answer, Mixture, new_id};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const PROCESSES: [&str; 3] = ["a", "b", "c"];

/// Random operations, over all workers.
const OPERATIONS: usize = 1_000;

/// Devices that work at the same time.
const WORKERS: usize = 6;

/// After which a client takes an answer for lost.
const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_read_and_stopped_from_other_processes_and_read_on_when_its_own_dies() {
    across_processes().await.unwrap();
}

async fn across_processes() -> anyhow::Result<()> {
    bounded(Duration::from_mins(2), async {
        let deployment = Deployment::new(Store::Postgres).await?;
        let mut a = deployment.node("a").await?;
        let (b, c) = (deployment.node("b").await?, deployment.node("c").await?);

        // Started on A, read on B, stopped from C.
        let (run, answer) = (new_id(), new_id());
        let turn = json!({"message": {"content": "count"}, "config": {}, "answerId": answer, "runId": run});
        let mut on_a = a.direct()?.turn(&turn).await?.stream()?;
        on_a.next().await?.context("a start")?;
        let mut reader = Follower::new(b.direct()?, &run);
        let mut on_b = eventually("B knows the run", Duration::from_secs(5), || async {
            match b.direct()?.attach(&run, None).await? {
                Opened::Stream(stream) => Ok(Some(stream)),
                other => anyhow::bail!("{other:?}"),
            }
        })
        .await?;
        while reader.text().len() < words(5).len() {
            let event = on_b.next().await?.context("more of the answer")?;
            ensure!(!event.is_end(), "{event:?}");
            reader.take(event);
        }
        let stopped = c
            .direct()?
            .client()
            .post(&format!("/completion/{run}/stop"), &json!({}))
            .await?;
        ensure!(stopped.status == 200, "{stopped:?}");
        if !timeout(Duration::from_secs(10), reader.read(on_b)).await? {
            reader.follow().await?;
        }
        let end = reader.end().context("an end")?;
        ensure!(
            end.data["status"] == "stopped" && end.data["code"] == "stopped",
            "{end:?}"
        );
        let events = on_a.rest().await?;
        let on_a = events.last().context("an end on A")?;
        ensure!(on_a.data["status"] == "stopped", "{on_a:?}");
        let message = c.direct()?.message(&answer).await?.context("the answer")?;
        ensure!(
            message["status"] == "stopped" && text_of(&message) == reader.text(),
            "{message} {}",
            reader.text()
        );

        // Started on A, which is killed, and read to its end on B.
        let (run, answer) = (new_id(), new_id());
        let turn = json!({"message": {"content": "count"}, "config": {}, "answerId": answer, "runId": run});
        let stream = a.direct()?.turn(&turn).await?.stream()?;
        let first = Follower::new(a.direct()?, &run);
        let reading = tokio::spawn(read_some(first, stream, words(10).len()));
        let (seen, last) = reading.await??;
        a.kill().await?;
        let mut reader = Follower::new(b.direct()?, &run);
        timeout(Duration::from_secs(15), reader.follow()).await??;
        let end = reader.end().context("an end")?;
        ensure!(
            end.data["status"] == "interrupted" && end.data["code"] == "interrupted",
            "{end:?}"
        );
        let message = c.direct()?.message(&answer).await?.context("the answer")?;
        ensure!(
            message["status"] == "interrupted" && text_of(&message) == reader.text(),
            "{message} {}",
            reader.text()
        );
        ensure!(words(100).starts_with(&reader.text()));
        // One that had read on A goes on where it was.
        let rest = c.direct()?.attach(&run, last.as_deref()).await?;
        let rest = rest.stream()?.rest().await?;
        ensure!(
            rest.last().is_some_and(|end| end.data["status"] == "interrupted"),
            "{rest:?}"
        );
        let joined: String = rest.iter().map(manent_proofs::Arrived::text).collect();
        ensure!(
            (seen.clone() + &joined).starts_with(&reader.text()),
            "{seen} and then {joined} are not {}",
            reader.text()
        );
        Ok(())
    })
    .await
}

/// Reads until so much text has come; tells it, and the last event.
async fn read_some(
    mut reader: Follower,
    mut stream: EventStream,
    length: usize,
) -> anyhow::Result<(String, Option<String>)> {
    while reader.text().len() < length {
        let event = stream.next().await?.context("more of the answer")?;
        reader.take(event);
    }
    let last = reader.events.last().and_then(|event| event.id.clone());
    Ok((reader.text(), last))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_is_the_same_everywhere_after_random_operations_with_dropped_connections() {
    same_feeds().await.unwrap();
}

async fn same_feeds() -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(seeded("feed"));
    bounded(Duration::from_mins(4), async {
        let deployment = Deployment::new(Store::Postgres).await?;
        let mut nodes = Vec::new();
        for name in PROCESSES {
            nodes.push(deployment.node(name).await?);
        }
        let apis = nodes
            .iter()
            .map(manent_proofs::Node::direct)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let conversations: Vec<String> = (0..4).map(|_| new_id()).collect();
        for conversation in &conversations {
            apis[0].create(conversation).await?;
        }
        let watchers: Vec<_> = apis.iter().map(|api| Watcher::start(api.clone())).collect();

        let proxy = deployment.database().proxy()?;
        proxy.set_mixture(Mixture {
            seed: random.random(),
            faulty_per_mille: 600,
            most_bytes: 60_000,
            longest_stall: Duration::from_millis(300),
        });
        proxy.reset_all();
        let done = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for number in 0..WORKERS {
            let worker = Worker {
                apis: apis.clone(),
                device: format!("device-{number}"),
                conversations: conversations.clone(),
                lanes: BTreeMap::new(),
                messages: Vec::new(),
                answers: Vec::new(),
                random: StdRng::seed_from_u64(random.random()),
                done: Arc::clone(&done),
            };
            workers.spawn(worker.work(scaled(OPERATIONS).div_ceil(WORKERS)));
        }
        let mut answers = Vec::new();
        let mut next_reset = 50;
        while !workers.is_empty() {
            // Besides the faults of single connections, all of them go at once, from time to time.
            if done.load(Ordering::Relaxed) >= next_reset {
                proxy.reset_all();
                next_reset += 50;
            }
            if let Ok(Some(worker)) = timeout(Duration::from_millis(20), workers.join_next()).await
            {
                answers.extend(worker??);
            }
        }
        let broken = proxy.counts();
        proxy.set_fault(manent_testkit::Fault::None);
        proxy.release();
        proxy.reset_all();

        // Every turn comes to its end, also those that wait in a journal.
        for answer in &answers {
            eventually("a turn is stored", Duration::from_mins(1), || {
                apis[1].ended_message(answer)
            })
            .await?;
        }
        let head = eventually(
            "nothing changes any more",
            Duration::from_secs(30),
            || async {
                let mut heads = Vec::new();
                for api in &apis {
                    heads.push(read_feed(api).await?.len());
                }
                let is_same = heads.iter().all(|head| *head == heads[0]);
                Ok(is_same.then(|| heads[0].to_string()))
            },
        )
        .await?;

        let mut hashes = Vec::new();
        let mut states = Vec::new();
        for api in &apis {
            let entries = read_feed(api).await?;
            for (number, entry) in (1..).zip(&entries) {
                ensure!(entry.0 == number, "a gap before {entry:?}");
            }
            hashes.push(hash(&entries)?);
            states.push(state(&entries));
        }
        println!(
            "{} operations, {} turns, head {head}, {broken:?}, hashes {hashes:?}",
            done.load(Ordering::Relaxed),
            answers.len()
        );
        ensure!(
            hashes.iter().all(|hash| *hash == hashes[0]),
            "the feeds differ: {hashes:?}"
        );
        for watcher in watchers {
            let watched = watcher.until(&head).await?;
            ensure!(
                watched == states[0],
                "one that watched all the time has come to another state"
            );
        }
        for ((kind, id), subject) in &states[0] {
            if kind == "message" {
                let stored = apis[2].message(id).await?;
                ensure!(stored.as_ref() == Some(subject), "{stored:?} {subject}");
            }
        }
        ensure!(
            broken.reset + broken.cut + broken.dropped >= u64::try_from(scaled(100))?,
            "hardly anything broke: {broken:?}"
        );
        Ok(())
    })
    .await
}

/// An entry of the feed: its number, its kind, its subject.
type Entry = (u64, String, Value);

/// What each thing is, as the feed tells it last.
type State = BTreeMap<(String, String), Value>;

/// The feed from its beginning to its present end.
async fn read_feed(api: &Api) -> anyhow::Result<Vec<Entry>> {
    let mut stream = api.feed(Some("0")).await?.stream()?;
    let mut entries = Vec::new();
    loop {
        let event = stream.next().await?.context("the feed ended")?;
        if event.name == "ready" {
            return Ok(entries);
        }
        let number = event.id.context("an entry without a number")?.parse()?;
        entries.push((number, event.name, event.data));
    }
}

fn hash(entries: &[Entry]) -> anyhow::Result<String> {
    let digest = Sha256::digest(serde_json::to_vec(entries)?);
    let mut start = [0; 8];
    start.copy_from_slice(&digest[..8]);
    Ok(format!("{:016x}", u64::from_be_bytes(start)))
}

fn state(entries: &[Entry]) -> State {
    let mut state = State::new();
    for (_, kind, subject) in entries {
        take_entry(&mut state, kind, subject);
    }
    state
}

fn take_entry(state: &mut State, kind: &str, subject: &Value) {
    let id = subject["id"].as_str().unwrap_or_default().to_owned();
    state.insert((kind.to_owned(), id), subject.clone());
}

/// A device that reads the feed all the time.
struct Watcher {
    sought: tokio::sync::watch::Sender<Option<u64>>,
    task: tokio::task::JoinHandle<anyhow::Result<State>>,
}

impl Watcher {
    fn start(api: Api) -> Self {
        let (sought, until) = tokio::sync::watch::channel(None);
        Self {
            sought,
            task: tokio::spawn(watch(api, until)),
        }
    }

    /// The state that it has come to when it has seen this entry.
    async fn until(self, head: &str) -> anyhow::Result<State> {
        self.sought.send_replace(Some(head.parse()?));
        timeout(Duration::from_secs(30), self.task)
            .await
            .context("a reader of the feed never saw its end")??
    }
}

async fn watch(
    api: Api,
    mut until: tokio::sync::watch::Receiver<Option<u64>>,
) -> anyhow::Result<State> {
    let mut state = State::new();
    let mut last = 0_u64;
    loop {
        if until.borrow_and_update().is_some_and(|head| last >= head) {
            return Ok(state);
        }
        let Ok(Opened::Stream(mut stream)) = api.feed(Some(&last.to_string())).await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        loop {
            if until.borrow_and_update().is_some_and(|head| last >= head) {
                return Ok(state);
            }
            let event = tokio::select! {
                event = stream.next() => event,
                _ = until.changed() => continue,
            };
            let Ok(Some(event)) = event else { break };
            let Some(id) = event.id else { continue };
            let number: u64 = id.parse()?;
            ensure!(number == last + 1, "{number} came after {last}");
            last = number;
            take_entry(&mut state, &event.name, &event.data);
        }
    }
}

/// A device that does random things, each on a random process, again until it is answered.
struct Worker {
    apis: Vec<Api>,
    device: String,
    conversations: Vec<String>,
    /// The next number in each conversation.
    lanes: BTreeMap<String, u64>,
    /// Its own messages, with their conversations.
    messages: Vec<(String, String)>,
    /// The answers of its turns.
    answers: Vec<String>,
    random: StdRng,
    done: Arc<AtomicUsize>,
}

impl Worker {
    async fn work(mut self, operations: usize) -> anyhow::Result<Vec<String>> {
        for _ in 0..operations {
            self.operate().await?;
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(self.answers)
    }

    async fn operate(&mut self) -> anyhow::Result<()> {
        let conversation =
            self.conversations[self.random.random_range(0..self.conversations.len())].clone();
        match self.random.random_range(0..20) {
            0 => {
                let id = new_id();
                self.insist("/conversation/create", &json!({"id": id})).await?;
                self.conversations.push(id);
                Ok(())
            }
            1 => self.item(&conversation, json!({"type": "trash"})).await,
            2 => self.item(&conversation, json!({"type": "restore"})).await,
            3..=5 => {
                self.change(|random| {
                    json!({"type": "edit", "content": format!("edited {}", random.random::<u32>())})
                })
                .await
            }
            6 => self.change(|_| json!({"type": "delete"})).await,
            7 => self.change(|_| json!({"type": "undelete"})).await,
            8..=10 => self.turn(&conversation).await,
            _ => {
                let id = new_id();
                let text = format!("{} says {}", self.device, self.random.random::<u32>());
                self.messages.push((conversation.clone(), id.clone()));
                self.item(&conversation, json!({"id": id, "role": "user", "content": text, "parentId": null}))
                    .await
            }
        }
    }

    /// Changes one of its messages.
    async fn change(&mut self, change: fn(&mut StdRng) -> Value) -> anyhow::Result<()> {
        if self.messages.is_empty() {
            return Ok(());
        }
        let index = self.random.random_range(0..self.messages.len());
        let (conversation, message) = self.messages[index].clone();
        let mut item = change(&mut self.random);
        item["messageId"] = json!(message);
        self.item(&conversation, item).await
    }

    /// Sends one item in its lane.
    async fn item(&mut self, conversation: &str, mut item: Value) -> anyhow::Result<()> {
        let next = self.lanes.entry(conversation.to_owned()).or_insert(1);
        item["conversationId"] = json!(conversation);
        item["deviceSeq"] = json!(*next);
        *next += 1;
        if item["id"].is_null() {
            item["id"] = json!(new_id());
        }
        let body = json!({"deviceId": self.device, "messages": [item]});
        let answer = self.insist("/message/append", &body).await?;
        let outcome = &answer.body["results"][0]["outcome"];
        ensure!(
            matches!(outcome.as_str(), Some("stored" | "duplicate")),
            "{body}: {answer:?}"
        );
        Ok(())
    }

    async fn turn(&mut self, conversation: &str) -> anyhow::Result<()> {
        let (message, answer, run) = (new_id(), new_id(), new_id());
        let turn = json!({"conversationId": conversation, "message": {"id": message, "content": "hello", "parentId": null},
            "config": {}, "answerId": answer, "runId": run});
        // Once: that a turn is kept is the server's business.
        let process = self.random.random_range(0..self.apis.len());
        let mut stream = self.apis[process].turn(&turn).await?.stream()?;
        let events = timeout(PATIENCE * 2, stream.rest()).await??;
        let end = events.last().context("an end")?;
        ensure!(
            end.name == "done"
                && (end.data["persisted"] == true || end.data["journalPosition"].is_u64()),
            "{end:?}"
        );
        self.answers.push(answer);
        Ok(())
    }

    /// Sends until there is an answer that says something, each time to a random process.
    async fn insist(&mut self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        for _ in 0..50 {
            let process = self.random.random_range(0..self.apis.len());
            let answer = self.apis[process].client().post(path, body);
            match timeout(PATIENCE, answer).await {
                Ok(Ok(answer)) if answer.status < 500 => return Ok(answer),
                // It asks to come back later, or there was no answer.
                Ok(Ok(_) | Err(_)) | Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
        anyhow::bail!("nobody takes {path} {body}")
    }
}
