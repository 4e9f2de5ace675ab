//! Three people at random: whatever one of them does, with ids of the others thrown in, no answer holds anything of another's, and another's id is
//! answered as one that nobody has: the same bytes, after the same work of the store.

use std::collections::BTreeMap;

use manent_postgres::PostgresServer;
use manent_testkit::{EventReader, TestServer, new_id};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::people::{self, Person, join};
use crate::support::reply::Reply;
use crate::support::{Test, servers};

/// Nothing else asks the store meanwhile: what is done now and then is done after the test.
const QUIET: &str =
    "mode = \"accounts\"\n[accounts]\nrecheck_interval = \"5m\"\n[runs]\ndead_after = \"10m\"\n";

/// A kind of id. Each belongs into other requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Conversation,
    Message,
    Run,
    Key,
    Session,
}

const KINDS: [Kind; 5] = [
    Kind::Conversation,
    Kind::Message,
    Kind::Run,
    Kind::Key,
    Kind::Session,
];

/// One of the three.
struct Somebody {
    person: Person,
    /// Stands in everything that this person ever writes, and nowhere else.
    marker: String,
    ids: BTreeMap<Kind, Vec<String>>,
}

struct World {
    server: TestServer,
    people: Vec<Somebody>,
    random: TestRng,
}

/// What is sent with an id in it.
struct Attempt {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl World {
    async fn new(configuration: &str, seed: u8) -> anyhow::Result<Self> {
        let server = servers::start(configuration).await?;
        // The administrator may see others' accounts, and is none of the three.
        people::register(&server, "root@example.org").await?;
        let mut somebodies = Vec::new();
        for name in ["ada", "bob", "eve"] {
            let marker = format!("zq{name}{}", u32::from(seed) + 1000);
            let person = join(&server, &format!("{marker}@example.org")).await?;
            somebodies.push(Somebody {
                person,
                marker,
                ids: BTreeMap::new(),
            });
        }
        let mut world = Self {
            server,
            people: somebodies,
            random: TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]),
        };
        for who in 0..world.people.len() {
            let sessions = world.get(who, "/account/sessions").await?.json();
            for session in sessions["sessions"].as_array().into_iter().flatten() {
                world.keep(who, Kind::Session, &session["id"]);
            }
        }
        Ok(world)
    }

    fn pick(&mut self, choices: usize) -> usize {
        (self.random.next_u32() as usize) % choices.max(1)
    }

    fn keep(&mut self, who: usize, kind: Kind, id: &Value) {
        if let Some(id) = id.as_str() {
            let ids = self.people[who].ids.entry(kind).or_default();
            if !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        }
    }

    fn some_id(&mut self, whose: usize, kind: Kind) -> Option<String> {
        let count = self.people[whose].ids.get(&kind).map_or(0, Vec::len);
        let chosen = self.pick(count);
        let ids = self.people[whose].ids.get(&kind)?;
        ids.get(chosen).cloned()
    }

    fn request(&self, who: usize, method: Method, path: &str) -> RequestBuilder {
        let client = self.server.client();
        let request = client.http().request(method, client.url(path));
        request.bearer_auth(&self.people[who].person.token)
    }

    async fn get(&self, who: usize, path: &str) -> anyhow::Result<Reply> {
        self.send(who, &Method::GET, path, None).await
    }

    /// Sends in somebody's name; nothing of the others may be in what comes back.
    async fn send(
        &self,
        who: usize,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Reply> {
        let mut request = self.request(who, method.clone(), path);
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = Reply::to(request).await?;
        assert!(reply.status < 500, "{method} {path}: {reply:?}");
        let told = format!(
            "{:?}\n{}",
            reply.headers,
            String::from_utf8_lossy(&reply.body)
        );
        self.assert_own(who, &told, path);
        Ok(reply)
    }

    fn assert_own(&self, who: usize, told: &str, what: &str) {
        for (other, somebody) in self.people.iter().enumerate() {
            if other == who {
                continue;
            }
            let secrets = [&somebody.marker, &somebody.person.token];
            for secret in secrets {
                assert!(
                    !told.contains(secret.as_str()),
                    "{what} tells {who} of {other}: {told}"
                );
            }
        }
    }

    /// Something that leads to rows of one's own.
    async fn make(&mut self, who: usize, choice: usize) -> anyhow::Result<()> {
        let number = self.pick(50);
        let words = format!("{} common words {number}", self.people[who].marker);
        let conversation = self.some_id(who, Kind::Conversation);
        let message = self.some_id(who, Kind::Message);
        let (path, method, body) = match (choice, &conversation, &message) {
            (0, _, _) | (_, None, _) => (
                "/conversation/create".to_owned(),
                Method::POST,
                json!({"id": new_id(), "title": words}),
            ),
            (1 | 2, Some(conversation), _) | (_, Some(conversation), None) => (
                "/message/append".to_owned(),
                Method::POST,
                json!({"message": {"id": new_id(), "conversationId": conversation, "role": "user", "content": words}}),
            ),
            (3, Some(conversation), Some(message)) => (
                "/message/append".to_owned(),
                Method::POST,
                json!({"message": {"type": "edit", "id": new_id(), "conversationId": conversation, "messageId": message, "content": words}}),
            ),
            (4, Some(conversation), _) => (
                format!("/conversation/{conversation}"),
                Method::PATCH,
                json!({"title": words, "config": {"system": words}}),
            ),
            (5, Some(conversation), Some(_)) => (
                "/turn/start".to_owned(),
                Method::POST,
                json!({"conversationId": conversation, "message": {"content": format!("hello {words}")}, "runId": new_id()}),
            ),
            (6, _, _) => (
                "/completion/generate".to_owned(),
                Method::POST,
                json!({"messages": [{"role": "user", "content": format!("hello {words}")}], "runId": new_id()}),
            ),
            (7, _, _) => (
                "/keys".to_owned(),
                Method::POST,
                json!({"name": words, "scopes": ["read"]}),
            ),
            (_, Some(conversation), _) => (
                format!("/conversation/{conversation}"),
                Method::DELETE,
                Value::Null,
            ),
        };
        let body = (!body.is_null()).then_some(body);
        let reply = self.send(who, &method, &path, body.as_ref()).await?;
        if reply.status >= 300 {
            return Ok(());
        }
        let answer = reply.json();
        match path.as_str() {
            "/conversation/create" => self.keep(who, Kind::Conversation, &answer["id"]),
            "/message/append" => {
                for result in answer["results"].as_array().into_iter().flatten() {
                    if result["outcome"] == "stored"
                        && body
                            .as_ref()
                            .is_some_and(|body| body["message"]["type"].is_null())
                    {
                        self.keep(who, Kind::Message, &result["id"]);
                    }
                }
            }
            "/keys" => self.keep(who, Kind::Key, &answer["key"]["id"]),
            "/turn/start" | "/completion/generate" => {
                self.keep(who, Kind::Run, &body.unwrap_or_default()["runId"]);
            }
            _ => {}
        }
        Ok(())
    }

    /// Everything that one can look at.
    async fn look(&mut self, who: usize) -> anyhow::Result<()> {
        let other = (who + 1) % self.people.len();
        let (own, theirs) = (
            self.people[who].marker.clone(),
            self.people[other].marker.clone(),
        );
        let found = self.get(who, "/search?q=common&limit=50").await?.json();
        let hits = found["hits"].as_array().map_or(0, Vec::len);
        let mine = self
            .get(who, &format!("/search?q={own}&limit=50"))
            .await?
            .json();
        assert_eq!(
            mine["hits"].as_array().map_or(0, Vec::len),
            hits,
            "{found} {mine}"
        );
        // The word itself is one's own question; what is found is what counts.
        let nothing = self.request(who, Method::GET, &format!("/search?q={theirs}"));
        let nothing = Reply::to(nothing).await?;
        assert_eq!(nothing.json()["hits"], json!([]));
        for path in [
            "/conversations?limit=100",
            "/conversations?trashed=true",
            "/keys",
            "/account",
            "/account/sessions",
            "/models",
        ] {
            self.get(who, path).await?;
        }
        let client = self.server.client();
        let request = self.request(who, Method::GET, "/feed?after=0");
        let mut feed: EventReader = client.events(request).await?;
        while let Some(event) = feed.next().await? {
            if event.name == "ready" {
                break;
            }
            self.assert_own(who, &event.data.to_string(), "/feed");
        }
        Ok(())
    }

    /// Requests that name this id of this kind.
    fn attempts(&mut self, who: usize, kind: Kind, id: &str) -> Vec<Attempt> {
        let words = self.people[who].marker.clone();
        let own = self.some_id(who, Kind::Conversation);
        let attempt = |method: Method, path: String, body: Value| Attempt {
            method,
            path,
            body: (!body.is_null()).then_some(body),
        };
        let append = |message: Value| {
            attempt(
                Method::POST,
                "/message/append".to_owned(),
                json!({"message": message}),
            )
        };
        match kind {
            Kind::Conversation => vec![
                attempt(Method::GET, format!("/conversation/{id}"), Value::Null),
                attempt(
                    Method::PATCH,
                    format!("/conversation/{id}"),
                    json!({"title": words}),
                ),
                attempt(Method::DELETE, format!("/conversation/{id}"), Value::Null),
                attempt(
                    Method::POST,
                    format!("/conversation/{id}/restore"),
                    Value::Null,
                ),
                attempt(
                    Method::GET,
                    format!("/conversation/{id}/messages"),
                    Value::Null,
                ),
                append(
                    json!({"id": "0199c0de-0000-7000-8000-00000000000a", "conversationId": id, "role": "user", "content": words}),
                ),
                append(
                    json!({"type": "trash", "id": "0199c0de-0000-7000-8000-00000000000b", "conversationId": id}),
                ),
            ],
            Kind::Message => {
                let mut attempts =
                    vec![attempt(Method::GET, format!("/message/{id}"), Value::Null)];
                if let Some(own) = own {
                    attempts.push(append(json!({"id": "0199c0de-0000-7000-8000-00000000000f", "conversationId": own, "parentId": id, "role": "user", "content": words})));
                    attempts.push(append(json!({"type": "edit", "id": "0199c0de-0000-7000-8000-000000000010", "conversationId": own, "messageId": id, "content": words})));
                }
                attempts
            }
            Kind::Run => vec![
                attempt(Method::GET, format!("/completion/{id}"), Value::Null),
                attempt(Method::GET, format!("/completion/{id}/status"), Value::Null),
                attempt(Method::POST, format!("/completion/{id}/stop"), Value::Null),
            ],
            Kind::Key => vec![attempt(Method::DELETE, format!("/keys/{id}"), Value::Null)],
            Kind::Session => vec![attempt(
                Method::DELETE,
                format!("/account/sessions/{id}"),
                Value::Null,
            )],
        }
    }

    /// Sends all that names another's id, and the same with an id that nobody has.
    async fn trespass(&mut self, who: usize, whose: usize) -> anyhow::Result<()> {
        let kind = KINDS[self.pick(KINDS.len())];
        let Some(theirs) = self.some_id(whose, kind) else {
            return Ok(());
        };
        let nobodys = new_id();
        let pairs = self.attempts(who, kind, &theirs).into_iter();
        let pairs: Vec<_> = {
            let theirs_first: Vec<_> = pairs.collect();
            // The same requests: one's own ids in them are drawn once.
            theirs_first
                .into_iter()
                .map(|attempt| {
                    let replaced = |text: String| text.replace(&theirs, &nobodys);
                    let body = attempt.body.as_ref().map(ToString::to_string).map(replaced);
                    let other = Attempt {
                        method: attempt.method.clone(),
                        path: attempt.path.replace(&theirs, &nobodys),
                        body: body.and_then(|text| serde_json::from_str(&text).ok()),
                    };
                    (attempt, other)
                })
                .collect()
        };
        for (attempt, other) in pairs {
            // Each is measured behind the same request: what a change makes the server forget is looked up again by the next one.
            let _ = self.measured(who, &other).await?;
            let (told, work) = self.measured(who, &attempt).await?;
            let _ = self.measured(who, &other).await?;
            let (expected, usual) = self.measured(who, &other).await?;
            let what = format!("{} {} {:?}", attempt.method, attempt.path, attempt.body);
            assert_eq!(shown(&told, &theirs), shown(&expected, &nobodys), "{what}");
            assert_eq!(work, usual, "the store's work: {what}");
        }
        Ok(())
    }

    /// The answer, and how often the store read and wrote for it.
    async fn measured(
        &self,
        who: usize,
        attempt: &Attempt,
    ) -> anyhow::Result<(Reply, Option<[u64; 3]>)> {
        let work = || {
            let metrics = self.server.server().store_metrics()?;
            Some([metrics.reads, metrics.jobs, metrics.commits])
        };
        let before = work();
        let reply = self
            .send(who, &attempt.method, &attempt.path, attempt.body.as_ref())
            .await?;
        let done = before.zip(work()).map(|(before, after)| {
            [
                after[0] - before[0],
                after[1] - before[1],
                after[2] - before[2],
            ]
        });
        Ok((reply, done))
    }

    /// What everybody has, as somebody else cannot change it.
    async fn possessions(&self, who: usize) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        for id in self.people[who]
            .ids
            .get(&Kind::Conversation)
            .into_iter()
            .flatten()
        {
            all.push(self.get(who, &format!("/conversation/{id}")).await?.json());
            all.push(
                self.get(who, &format!("/conversation/{id}/messages?limit=200"))
                    .await?
                    .json(),
            );
        }
        for path in ["/keys", "/account"] {
            all.push(self.get(who, path).await?.json());
        }
        // An error has a trace of its own each time.
        for value in &mut all {
            if let Some(fields) = value.as_object_mut() {
                fields.remove("traceId");
            }
        }
        Ok(all)
    }

    async fn live(&mut self, steps: usize) -> anyhow::Result<()> {
        let count = self.people.len();
        for who in 0..count {
            for choice in [0, 1, 6, 7] {
                self.make(who, choice).await?;
            }
        }
        for _ in 0..steps {
            let (who, step) = (self.pick(count), self.pick(6));
            match step {
                0..=2 => {
                    let choice = self.pick(9);
                    self.make(who, choice).await?;
                }
                3 => self.look(who).await?,
                _ => {
                    let whose = (who + 1 + self.pick(count - 1)) % count;
                    let before = self.possessions(whose).await?;
                    self.trespass(who, whose).await?;
                    assert_eq!(
                        self.possessions(whose).await?,
                        before,
                        "{who} changed what is {whose}'s"
                    );
                }
            }
        }
        for who in 0..count {
            self.look(who).await?;
            // Everybody had something to lose.
            for kind in [
                Kind::Conversation,
                Kind::Message,
                Kind::Run,
                Kind::Key,
                Kind::Session,
            ] {
                assert!(
                    self.people[who].ids.contains_key(&kind),
                    "{who} has no {kind:?}"
                );
            }
        }
        Ok(())
    }
}

/// Status, headers and body of an answer, without the id that was asked for, the trace and the date.
fn shown(reply: &Reply, id: &str) -> (u16, Vec<String>, String) {
    let trace = reply.header("x-trace-id");
    let neutral = |text: &str| text.replace(id, "<id>").replace(trace, "<trace>");
    let mut headers: Vec<String> = reply
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| neutral(&format!("{name}: {}", value.to_str().unwrap_or_default())))
        .collect();
    headers.sort();
    (
        reply.status,
        headers,
        neutral(&String::from_utf8_lossy(&reply.body)),
    )
}

#[tokio::test]
async fn nobody_learns_anything_of_anybody_else() -> Test {
    for seed in [1, 2] {
        World::new(QUIET, seed).await?.live(120).await?;
    }
    Ok(())
}

/// Its store is not counted: several servers may share it.
#[tokio::test]
async fn nobody_learns_anything_of_anybody_else_over_postgres() -> Test {
    let database = PostgresServer::shared().await?.fresh_database().await?;
    let secret = "6d616e656e742066757a7a696e67206b6e6f7773207468697320736563726574";
    let configuration = format!(
        "mode = \"accounts\"\n[accounts]\nsecret = \"{secret}\"\n[database]\nurl = {:?}\n",
        database.url()
    );
    World::new(&configuration, 3).await?.live(100).await
}
