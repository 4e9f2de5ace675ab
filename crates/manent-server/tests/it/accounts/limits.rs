//! How much one person may do.

use futures_util::future::try_join_all;
use manent_postgres::PostgresServer;
use manent_testkit::{EventReader, FaultProxy, TestServer, new_id};
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{self, Person, join, shared};
use crate::support::reply::Reply;
use crate::support::servers::scripted_provider;
use crate::support::upstream::{Call, Upstream};
use crate::support::{Test, database};

/// Ten answers, as many at once as one likes.
const TEN: &str = "[limits]\nbudget_generations = 10\nconcurrent_generations = 0\ngenerations_per_minute = 0\ngenerations_per_minute_by_address = 0\n";

fn prompt() -> Value {
    json!([{"role": "user", "content": "x"}])
}

/// What came of a request for an answer.
enum Asked {
    Streams(EventReader),
    Refused(Reply),
}

async fn ask(person: &Person, server: &TestServer, body: &Value) -> anyhow::Result<Asked> {
    let client = server.client();
    let request = client.http().post(client.url("/completion/generate"));
    let response = request.bearer_auth(&person.token).json(body).send().await?;
    if response.status() == 200 {
        return EventReader::new(response).map(Asked::Streams);
    }
    Ok(Asked::Refused(Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await?.to_vec(),
    }))
}

async fn refusal(person: &Person, server: &TestServer, body: &Value) -> anyhow::Result<Reply> {
    match ask(person, server, body).await? {
        Asked::Refused(reply) => Ok(reply),
        Asked::Streams(_) => anyhow::bail!("it was not refused"),
    }
}

async fn stream(person: &Person, server: &TestServer, body: &Value) -> anyhow::Result<EventReader> {
    match ask(person, server, body).await? {
        Asked::Streams(stream) => Ok(stream),
        Asked::Refused(reply) => anyhow::bail!("{reply:?}"),
    }
}

/// Asks for a hundred answers at once, of these servers in turn; every second one is a run. Answers what started, and the ids of the runs.
async fn ask_a_hundred_times(
    person: &Person,
    servers: &[&TestServer],
    config: &Value,
) -> anyhow::Result<(Vec<EventReader>, Vec<String>)> {
    let asked = (0..100).map(|number| async move {
        let run = new_id();
        let mut body = json!({"messages": prompt(), "config": config});
        if number % 4 < 2 {
            body["runId"] = json!(run);
        }
        let asked = ask(person, servers[number % servers.len()], &body).await?;
        anyhow::Ok((asked, (number % 4 < 2).then_some(run)))
    });
    let (mut started, mut runs) = (Vec::new(), Vec::new());
    for (asked, run) in try_join_all(asked).await? {
        match asked {
            Asked::Streams(stream) => {
                started.push(stream);
                runs.extend(run);
            }
            Asked::Refused(reply) => {
                assert_eq!(reply.problem(), (429, "budget_exceeded".to_owned()));
                let wait: u64 = reply.header("retry-after").parse()?;
                assert!((1..=24 * 60 * 60).contains(&wait), "{wait}");
            }
        }
    }
    Ok((started, runs))
}

/// Does something while the upstream begins to answer whatever it is asked; answers what came of it, and the calls.
async fn answered<T>(
    upstream: &mut Upstream,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(T, Vec<Call>)> {
    let mut calls = Vec::new();
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done?,
            call = upstream.call() => {
                let call = call?;
                call.say("x")?;
                calls.push(call);
            }
        }
    };
    calls.extend(std::iter::from_fn(|| upstream.waiting_call()));
    Ok((done, calls))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_parallel_sends_exactly_ten_start() -> Test {
    let configuration = format!("mode = \"accounts\"\n{TEN}");
    let (mut upstream, server) = Upstream::with_server(&configuration, "").await?;
    let person = join(&server, "ada@example.org").await?;
    let other = join(&server, "eve@example.org").await?;
    let (servers, plain) = ([&server], json!({}));
    let asking = ask_a_hundred_times(&person, &servers, &plain);
    let ((started, runs), calls) = answered(&mut upstream, asking).await?;
    assert_eq!((started.len(), calls.len()), (10, 10));
    // A retry of what runs attaches to it, and is no eleventh.
    for run in &runs {
        let again = json!({"runId": run, "messages": prompt()});
        drop(stream(&person, &server, &again).await?);
    }
    assert!(upstream.waiting_call().is_none());
    // Nobody else pays for it.
    let body = json!({"messages": prompt()});
    let asking = stream(&other, &server, &body);
    assert_eq!(answered(&mut upstream, asking).await?.1.len(), 1);
    for call in calls {
        call.finish()?;
    }
    // What has ended was used.
    let more = refusal(&person, &server, &json!({"messages": prompt()})).await?;
    assert_eq!(more.problem().0, 429);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_parallel_sends_to_two_servers_exactly_ten_start() -> Test {
    let database = PostgresServer::shared().await?.fresh_database().await?;
    let configuration = shared(&database, "", TEN);
    let (mut upstream, here) = Upstream::with_server(&configuration, "").await?;
    let there = upstream.another_server(&configuration, "").await?;
    let person = join(&here, "ada@example.org").await?;
    let (servers, plain) = ([&here, &there], json!({}));
    let asking = ask_a_hundred_times(&person, &servers, &plain);
    let ((started, runs), calls) = answered(&mut upstream, asking).await?;
    assert_eq!((started.len(), calls.len()), (10, 10));
    for run in &runs {
        let again = json!({"runId": run, "messages": prompt()});
        for server in [&here, &there] {
            drop(stream(&person, server, &again).await?);
        }
    }
    assert!(upstream.waiting_call().is_none());
    Ok(())
}

/// A dollar, which is ten times a hundred tokens of a model that takes a thousand dollars for a million, and ten times a token of the prompt,
/// which might come from the cache and costs the least that is counted.
const A_DOLLAR: &str = "[limits]\nbudget_cost = 1.00001\nconcurrent_generations = 0\ngenerations_per_minute = 0\ngenerations_per_minute_by_address = 0\n";

const PRICE: &str = "input_price = 0\noutput_price = 1000\ncache_read_price = 0.5\n";

/// What somebody may spend, and spent: used and reserved, in millionths of a dollar.
async fn cost(person: &Person, server: &TestServer) -> anyhow::Result<(u64, u64)> {
    let budget = person.get(server, "/account/budget").await?.json();
    let cost = &budget["budget"]["cost"];
    assert_eq!(cost["limit"], 1_000_010, "{budget}");
    let figure = |name: &str| cost[name].as_u64();
    figure("used")
        .zip(figure("reserved"))
        .ok_or_else(|| anyhow::anyhow!("{budget}"))
}

/// Waits until what is reserved is as much.
async fn reserved(person: &Person, server: &TestServer, amount: u64) -> anyhow::Result<u64> {
    loop {
        let (used, reserved) = cost(person, server).await?;
        if reserved == amount {
            return Ok(used);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_parallel_sends_as_many_start_as_a_dollar_pays_for() -> Test {
    let configuration = format!("mode = \"accounts\"\n{A_DOLLAR}");
    let (mut upstream, server) = Upstream::with_server(&configuration, PRICE).await?;
    let person = join(&server, "ada@example.org").await?;
    let (servers, config) = ([&server], json!({"maxTokens": 100}));
    let asking = ask_a_hundred_times(&person, &servers, &config);
    let ((mut started, _), calls) = answered(&mut upstream, asking).await?;
    assert_eq!((started.len(), calls.len()), (10, 10));
    assert_eq!(cost(&person, &server).await?, (0, 1_000_010));
    // All end. One says what it used: 40 tokens of the cache and 50 of an answer. Of the others the server counts a token each.
    for (number, call) in calls.into_iter().enumerate() {
        if number == 0 {
            call.count(&json!({"prompt_tokens": 60, "completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 40}}))?;
        }
        call.finish()?;
    }
    for stream in &mut started {
        stream.rest().await?;
    }
    let used = reserved(&person, &server, 0).await?;
    assert_eq!(used, 50_000 + 20 + 9 * 1_000);
    // What is left is enough for nine more, and no tenth.
    let body = json!({"messages": prompt(), "config": config});
    let mut held = Vec::new();
    for _ in 0..9 {
        let asking = stream(&person, &server, &body);
        held.push(answered(&mut upstream, asking).await?);
    }
    let refused = refusal(&person, &server, &body).await?;
    assert_eq!(refused.problem(), (429, "budget_exceeded".to_owned()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_parallel_sends_to_two_servers_as_many_start_as_a_dollar_pays_for() -> Test {
    let database = PostgresServer::shared().await?.fresh_database().await?;
    let configuration = shared(&database, "", A_DOLLAR);
    let (mut upstream, here) = Upstream::with_server(&configuration, PRICE).await?;
    let there = upstream.another_server(&configuration, PRICE).await?;
    let person = join(&here, "ada@example.org").await?;
    let (servers, config) = ([&here, &there], json!({"maxTokens": 100}));
    let asking = ask_a_hundred_times(&person, &servers, &config);
    let ((started, _), calls) = answered(&mut upstream, asking).await?;
    assert_eq!((started.len(), calls.len()), (10, 10));
    for server in servers {
        assert_eq!(cost(&person, server).await?, (0, 1_000_010));
    }
    Ok(())
}

#[tokio::test]
async fn a_model_without_a_price_is_not_asked_where_money_is_counted() -> Test {
    let configuration = format!("mode = \"accounts\"\n{A_DOLLAR}");
    let price = "models = [{ model = \"m\", input_price = 1, output_price = 2 }]\n";
    let (mut upstream, server) = Upstream::with_models(&configuration, price).await?;
    let person = join(&server, "ada@example.org").await?;
    let other = json!({"messages": prompt(), "config": {"model": "other"}});
    let refused = refusal(&person, &server, &other).await?;
    assert_eq!(refused.problem(), (422, "model_without_price".to_owned()));
    assert!(upstream.waiting_call().is_none());
    assert_eq!(cost(&person, &server).await?, (0, 0));
    Ok(())
}

#[tokio::test]
async fn without_a_budget_nothing_is_counted() -> Test {
    let server = people::server("").await?;
    let person = join(&server, "ada@example.org").await?;
    let budget = person.get(&server, "/account/budget").await?;
    assert_eq!((budget.status, budget.json()), (200, json!({})));
    Ok(())
}

#[tokio::test]
async fn what_was_reserved_and_not_used_is_there_for_the_next_answer() -> Test {
    let configuration = format!(
        "mode = \"accounts\"\n[limits]\nbudget_tokens = 5000\n{}",
        scripted_provider()
    );
    let server = TestServer::start_with(&configuration).await?;
    let person = join(&server, "ada@example.org").await?;
    let body = json!({"messages": [{"role": "user", "content": "hello"}]});
    let mut first = stream(&person, &server, &body).await?;
    assert!(!first.rest().await?.is_empty());
    drop(first);
    // Whoever asks for more than there is gets nothing.
    let much = json!({"messages": prompt(), "config": {"maxTokens": 6000}});
    let refused = refusal(&person, &server, &much).await?;
    assert_eq!(refused.problem(), (429, "budget_exceeded".to_owned()));
    // A server that stops has noted what was used.
    let server = TestServer::start_in(server.stop().await, &configuration).await?;
    stream(&person, &server, &body).await?.rest().await?;
    let database = database::open(server.data_dir())?;
    let used = "SELECT used_runs FROM budget_standings";
    let used: i64 = database.query_row(used, [], |row| row.get(0))?;
    assert!((1..=2).contains(&used), "{used}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_cannot_be_asked_is_not_overrun() -> Test {
    let database = PostgresServer::shared().await?.fresh_database().await?;
    let url = reqwest::Url::parse(database.url())?;
    let place = (
        url.host_str().unwrap_or_default(),
        url.port().unwrap_or(5432),
    );
    let address = tokio::net::lookup_host(place).await?.next();
    let proxy = FaultProxy::start(address.ok_or_else(|| anyhow::anyhow!("an address"))?).await?;
    let through = proxy.address();
    let url = database.url_through(&through.ip().to_string(), through.port())?;
    let configuration = people::shared_url(&url, "recheck_interval = \"5m\"\n", TEN);
    let (mut upstream, server) = Upstream::with_server(&configuration, "").await?;
    let person = join(&server, "ada@example.org").await?;
    assert_eq!(person.get(&server, "/account").await?.status, 200);
    proxy.stall();
    let refused = refusal(&person, &server, &json!({"messages": prompt()})).await?;
    let (status, code) = refused.problem();
    assert_eq!(status, 503, "{code}");
    assert!(!refused.header("retry-after").is_empty());
    assert!(upstream.waiting_call().is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_answers_at_once_and_no_more() -> Test {
    let configuration = "mode = \"accounts\"\n[limits]\nconcurrent_generations = 2\n";
    let (mut upstream, server) = Upstream::with_server(configuration, "").await?;
    let person = join(&server, "ada@example.org").await?;
    let other = join(&server, "eve@example.org").await?;
    let run = new_id();
    let kept = json!({"runId": run, "messages": prompt()});
    let plain = json!({"messages": prompt()});
    let asking = stream(&person, &server, &kept);
    let (mut first, mut calls) = answered(&mut upstream, asking).await?;
    let asking = stream(&person, &server, &plain);
    let (second, _second) = answered(&mut upstream, asking).await?;
    let refused = refusal(&person, &server, &plain).await?;
    assert_eq!(refused.problem(), (429, "too_many_at_once".to_owned()));
    assert_eq!(refused.header("retry-after"), "1");
    drop(stream(&person, &server, &kept).await?);
    let asking = stream(&other, &server, &plain);
    drop(answered(&mut upstream, asking).await?);
    while let Some(call) = calls.pop() {
        call.finish()?;
    }
    first.rest().await?;
    // The answer has ended, so there is a place again as soon as its task has.
    let asking = async {
        loop {
            match ask(&person, &server, &plain).await? {
                Asked::Streams(stream) => return anyhow::Ok(stream),
                Asked::Refused(reply) => assert_eq!(reply.problem().1, "too_many_at_once"),
            }
        }
    };
    let (third, _third) = answered(&mut upstream, asking).await?;
    drop((second, third));
    Ok(())
}

#[tokio::test]
async fn an_answer_that_is_asked_for_again_counts_once_in_a_minute() -> Test {
    let configuration = format!(
        "mode = \"accounts\"\n[limits]\ngenerations_per_minute = 2\n{}",
        scripted_provider()
    );
    let server = TestServer::start_with(&configuration).await?;
    let person = join(&server, "ada@example.org").await?;
    let run = new_id();
    let body = json!({"runId": run, "messages": [{"role": "user", "content": "hello"}]});
    for _ in 0..5 {
        stream(&person, &server, &body).await?.rest().await?;
    }
    let plain = json!({"messages": [{"role": "user", "content": "hello"}]});
    stream(&person, &server, &plain).await?.rest().await?;
    let refused = refusal(&person, &server, &plain).await?;
    assert_eq!(refused.problem(), (429, "too_many_generations".to_owned()));
    stream(&person, &server, &body).await?.rest().await?;
    Ok(())
}

/// Stores messages with these ids; answers the reply.
async fn append(
    person: &Person,
    server: &TestServer,
    conversation: &str,
    ids: &[&String],
) -> anyhow::Result<Reply> {
    let messages: Vec<_> = ids
        .iter()
        .map(|id| json!({"id": id, "conversationId": conversation, "role": "user", "content": "x"}))
        .collect();
    let body = json!({ "messages": messages });
    person
        .send(server, Method::POST, "/message/append", Some(&body))
        .await
}

#[tokio::test]
async fn messages_are_counted_once_and_what_is_refused_is_not_stored() -> Test {
    let server = people::server("[limits]\nmessages_per_minute = 7").await?;
    let person = join(&server, "ada@example.org").await?;
    let conversation = new_id();
    let create = json!({"id": conversation});
    for _ in 0..10 {
        let made = person
            .send(&server, Method::POST, "/conversation/create", Some(&create))
            .await?;
        assert!(made.status < 300, "{made:?}");
    }
    let ids: Vec<String> = (0..7).map(|_| new_id()).collect();
    let [first, second, third, fourth, fifth, sixth, seventh] = &ids[..] else {
        anyhow::bail!("seven");
    };
    for _ in 0..10 {
        let stored = append(&person, &server, &conversation, &[first, second, third]).await?;
        assert_eq!(stored.status, 200, "{stored:?}");
    }
    let stored = append(&person, &server, &conversation, &[first, fourth, fifth]).await?;
    assert_eq!(stored.status, 200, "{stored:?}");
    // One is left: two are refused whole, and nothing is stored of them.
    let before = database::rows(server.data_dir())?;
    let refused = append(&person, &server, &conversation, &[sixth, seventh]).await?;
    assert_eq!(refused.problem(), (429, "too_many_messages".to_owned()));
    assert_eq!(database::rows(server.data_dir())?, before);
    let stored = append(&person, &server, &conversation, &[sixth]).await?;
    assert_eq!(stored.status, 200, "{stored:?}");
    let late = new_id();
    let before = database::rows(server.data_dir())?;
    // Eight are never there at once, so waiting would not help.
    let eight: Vec<String> = (0..8).map(|_| new_id()).collect();
    let eight: Vec<&String> = eight.iter().collect();
    let refused = append(&person, &server, &conversation, &eight).await?;
    assert_eq!(refused.problem(), (413, "batch_too_large".to_owned()));
    let refused = append(&person, &server, &conversation, &[&late]).await?;
    assert_eq!(refused.problem(), (429, "too_many_messages".to_owned()));
    assert!(!refused.header("retry-after").is_empty());
    let renamed = json!({"title": "x"});
    let path = format!("/conversation/{conversation}");
    let refused = person
        .send(&server, Method::PATCH, &path, Some(&renamed))
        .await?;
    assert_eq!(refused.problem().0, 429);
    assert_eq!(database::rows(server.data_dir())?, before);
    // Nobody else has to wait.
    let other = join(&server, "eve@example.org").await?;
    let made = other
        .send(
            &server,
            Method::POST,
            "/conversation/create",
            Some(&json!({})),
        )
        .await?;
    assert_eq!(made.status, 201);
    Ok(())
}

#[tokio::test]
async fn the_local_owner_has_no_limits_by_default() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    for _ in 0..700 {
        let made = client.post("/conversation/create", &json!({})).await?;
        assert_eq!(made.status, 201);
    }
    Ok(())
}
