//! Health, readiness and figures.

use std::collections::{BTreeMap, BTreeSet};

use manent_testkit::{TestServer, new_id};
use serde_json::json;

use crate::support::reply::{Reply, get};
use crate::support::{Test, create, say, servers};

#[tokio::test]
async fn a_healthy_server_says_so() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    for (path, body) in [
        ("/healthz", json!({"status": "ok"})),
        (
            "/readyz",
            json!({"ready": true, "parts": [{"name": "store", "ready": true}, {"name": "journal", "ready": true},
                {"name": "runs", "ready": true}, {"name": "server", "ready": true}]}),
        ),
        (
            "/version",
            json!({"name": "manent", "version": env!("CARGO_PKG_VERSION")}),
        ),
    ] {
        let answer = client.get(path).await?;
        assert_eq!((answer.status, answer.body), (200, body), "{path}");
    }
    Ok(())
}

/// Labels of all series: name of the metric, then names and values of its labels.
fn series(text: &str) -> Vec<(String, BTreeMap<String, String>)> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let series = line.rsplit_once(' ').map_or(line, |(series, _)| series);
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let labels = labels.trim_end_matches('}').split("\",");
            let labels = labels.filter_map(|label| label.split_once("=\""));
            let labels = labels
                .map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()));
            (name.to_owned(), labels.collect())
        })
        .collect()
}

#[tokio::test]
async fn figures_have_bounded_labels_whatever_clients_send() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let id = create(client).await?;
    say(client, &id, "hello").await?;
    let run = json!({"messages": [{"role": "user", "content": "hello"}], "runId": new_id()});
    client.generate(&run).await?.rest().await?;
    let secret = format!("secret{}", new_id().replace('-', ""));
    for number in 0..20 {
        let path = format!("/{secret}/{number}");
        client.get(&path).await?;
        client.get(&format!("/conversation/{}", new_id())).await?;
        client.get(&format!("/search?q={secret}{number}")).await?;
        let method = format!("{}{number}", secret.to_uppercase()).parse()?;
        Reply::to(client.http().request(method, client.url(&path))).await?;
        let body = json!({"messages": [{"role": "user", "content": secret}],
            "config": {"model": format!("{secret}{number}")}});
        Reply::to(
            client
                .http()
                .post(client.url("/completion/generate"))
                .json(&body),
        )
        .await?;
    }
    let reply = get(client, "/metrics").await?;
    assert_eq!(
        reply.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = String::from_utf8(reply.body)?;
    assert!(
        !text.to_lowercase().contains(&secret),
        "what clients send is no label"
    );
    assert!(!text.contains(&id), "ids are no labels");

    let described = get(client, "/openapi.json").await?.json();
    let mut routes: BTreeSet<&str> = described["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(path, _)| path.as_str())
        .collect();
    routes.extend([
        "unmatched",
        // All servers of this process share the figures, those with the test switch too.
        "/testing/sign-in-needed",
        "/openapi.json",
        "/docs",
        "/docs/",
        "/docs/{*rest}",
        "/oauth/openid",
        "/oauth/openid/callback",
        "/oauth/error",
        "/api",
        "/api/",
        "/api/{*path}",
    ]);
    let of_librechat = manent_server::librechat_routes();
    routes.extend(of_librechat.iter().map(|(_, path)| path.as_str()));
    let methods = [
        "GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "PUT", "other",
    ];
    let mut names = BTreeSet::new();
    for (name, labels) in series(&text) {
        for (label, value) in &labels {
            let is_known = match label.as_str() {
                "route" => routes.contains(value.as_str()),
                "method" => methods.contains(&value.as_str()),
                "status" if name == "manent_runs_total" => {
                    value.parse::<manent_types::MessageStatus>().is_ok()
                }
                "from" => ["memory", "store"].contains(&value.as_str()),
                "status" => value
                    .parse::<u16>()
                    .is_ok_and(|status| (200..600).contains(&status)),
                "outcome" => value
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                // Those of the configurations of this binary's tests.
                "provider" => [
                    "scripted",
                    "demo",
                    "gated",
                    "anthropic",
                    "openai",
                    "nobody",
                    "own",
                    "Own.Place",
                    "unknown",
                ]
                .contains(&value.as_str()),
                "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
                _ => false,
            };
            assert!(is_known, "{name}: {label}={value}");
        }
        names.insert(name);
    }
    for expected in [
        "manent_http_requests_total",
        "manent_http_response_seconds_bucket",
        "manent_append_items_total",
        "manent_completions_total",
        "manent_completions_running",
        "manent_completion_first_event_seconds_bucket",
        "manent_store_commits_total",
        "manent_store_reads_total",
        "manent_journal_waiting_entries",
        "manent_journal_writable",
        "manent_runs_running",
    ] {
        assert!(names.contains(expected), "{expected} is missing");
    }
    Ok(())
}
