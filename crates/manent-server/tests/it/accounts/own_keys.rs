//! People's own keys for providers: whose they are, where they go, and what is told of them.

use manent_testkit::TestServer;
use manent_types::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{self, Person, join};
use crate::support::reply::Reply;
use crate::support::upstream::Upstream;
use crate::support::{Test, database};

const PATH: &str = "/account/provider-keys/own";

/// A provider at the upstream to which everybody brings their own key.
async fn with_own_keys() -> anyhow::Result<(Upstream, TestServer)> {
    let upstream = Upstream::start().await?;
    let server = people::server(&format!(
        "[[providers]]\nid = \"own\"\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"user_provided\"\nmodels = [\"m\"]\nretries = 0\n",
        upstream.base_url
    ))
    .await?;
    Ok((upstream, server))
}

/// A provider to which everybody brings key and address; `networks` may be led to beside public addresses.
async fn with_own_addresses(networks: &str) -> anyhow::Result<TestServer> {
    people::server(&format!(
        "[accounts]\n{networks}\n[[providers]]\nid = \"own\"\nkind = \"openai\"\nbase_url = \"user_provided\"\napi_key = \"user_provided\"\n\
         models = [\"m\"]\nretries = 0\n"
    ))
    .await
}

async fn put(server: &TestServer, person: &Person, body: Value) -> anyhow::Result<Reply> {
    person.send(server, Method::PUT, PATH, Some(&body)).await
}

async fn ask(server: &TestServer, person: &Person) -> anyhow::Result<Reply> {
    let body = json!({"messages": [{"role": "user", "content": "x"}]});
    let path = "/completion/generate";
    person.send(server, Method::POST, path, Some(&body)).await
}

#[tokio::test]
async fn each_person_asks_with_their_own_key() -> Test {
    let (mut upstream, server) = with_own_keys().await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    for (person, key) in [(&ada, "sk-ada"), (&eve, "sk-eve")] {
        let before = ask(&server, person).await?;
        assert_eq!(before.problem(), (422, "own_key_missing".to_owned()));
        let stored = put(&server, person, json!({"apiKey": key})).await?;
        assert_eq!(
            (stored.status, stored.json()),
            (
                200,
                json!({"endpoint": "own", "takesBaseURL": false, "hasKey": true})
            )
        );
        let (reply, told) = tokio::join!(ask(&server, person), async {
            let call = upstream.call().await?;
            let told = call.authorization.clone();
            call.say("hello")?;
            call.finish()?;
            anyhow::Ok(told)
        });
        assert_eq!((reply?.status, told?), (200, format!("Bearer {key}")));
    }
    let gone = ada.send(&server, Method::DELETE, PATH, None).await?;
    assert_eq!(gone.status, 204);
    assert_eq!(ask(&server, &ada).await?.problem().1, "own_key_missing");
    let kept = eve.get(&server, PATH).await?;
    assert_eq!(kept.json()["hasKey"], true);
    assert!(!upstream.has_call());
    Ok(())
}

/// A turn keeps what the person said, and says of its answer why there is none.
#[tokio::test]
async fn a_run_and_a_turn_use_the_key_too() -> Test {
    let (mut upstream, server) = with_own_keys().await?;
    let ada = join(&server, "ada@example.org").await?;
    put(&server, &ada, json!({"apiKey": "sk-ada"})).await?;
    let run =
        json!({"runId": manent_testkit::new_id(), "messages": [{"role": "user", "content": "x"}]});
    let turn = json!({"message": {"content": "x"}, "config": {}});
    for (path, body) in [("/completion/generate", run), ("/turn/start", turn)] {
        let (reply, told) =
            tokio::join!(ada.send(&server, Method::POST, path, Some(&body)), async {
                let call = upstream.call().await?;
                let told = call.authorization.clone();
                call.say("hello")?;
                call.finish()?;
                anyhow::Ok(told)
            });
        assert_eq!(
            (reply?.status, told?),
            (200, "Bearer sk-ada".to_owned()),
            "{path}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_expired_key_is_told_and_not_used() -> Test {
    let (upstream, server) = with_own_keys().await?;
    let ada = join(&server, "ada@example.org").await?;
    let past = Timestamp::from_millisecond(1_000)?;
    let stored = put(
        &server,
        &ada,
        json!({"apiKey": "sk-ada", "expiresAt": past}),
    )
    .await?;
    assert_eq!(stored.json()["expiresAt"], json!(past));
    assert_eq!(
        ask(&server, &ada).await?.problem(),
        (422, "own_key_expired".to_owned())
    );
    assert!(!upstream.has_call());
    Ok(())
}

#[tokio::test]
async fn what_is_no_key_of_this_provider_is_refused_and_nothing_is_kept() -> Test {
    let (_upstream, server) = with_own_keys().await?;
    let ada = join(&server, "ada@example.org").await?;
    let before = database::rows(server.data_dir())?;
    for (body, expected) in [
        (json!({}), 400),
        (json!({"apiKey": ""}), 422),
        (json!({"apiKey": "two words"}), 422),
        (json!({"apiKey": "line\nbreak"}), 422),
        (json!({"apiKey": "x".repeat(20_000)}), 422),
        (
            json!({"apiKey": "sk", "baseURL": "https://example.org"}),
            422,
        ),
        (json!({"apiKey": "sk", "more": 1}), 400),
        (json!({"apiKey": "sk", "expiresAt": "tomorrow"}), 400),
    ] {
        let reply = put(&server, &ada, body.clone()).await?;
        assert_eq!(reply.status, expected, "{body}: {reply:?}");
    }
    let path = "/account/provider-keys/other";
    let unknown = ada
        .send(&server, Method::PUT, path, Some(&json!({"apiKey": "sk"})))
        .await?;
    assert_eq!(unknown.status, 404);
    assert_eq!(database::rows(server.data_dir())?, before);
    Ok(())
}

#[tokio::test]
async fn an_address_that_leads_inside_is_refused_where_it_is_given_and_where_it_is_used() -> Test {
    let server = with_own_addresses("").await?;
    let ada = join(&server, "ada@example.org").await?;
    for url in [
        "http://127.0.0.1:1/v1",
        "http://2130706433/v1",
        "http://169.254.169.254/",
        "http://u:p@example.org",
        "https://example.org/v1?x=y",
        "https://example.org/v1#x",
        "file:///x",
        "",
    ] {
        let reply = put(&server, &ada, json!({"apiKey": "sk-ada", "baseURL": url})).await?;
        assert_eq!(reply.problem(), (422, "invalid_value".to_owned()), "{url}");
    }
    let missing = put(&server, &ada, json!({"apiKey": "sk-ada"})).await?;
    assert_eq!(missing.problem(), (422, "invalid_value".to_owned()));
    // A name is looked at when it is connected to.
    let stored = put(
        &server,
        &ada,
        json!({"apiKey": "sk-ada", "baseURL": "http://localhost:1/v1"}),
    )
    .await?;
    assert_eq!(stored.status, 200);
    assert_eq!(
        ask(&server, &ada).await?.problem(),
        (422, "base_url_refused".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn an_address_in_a_network_that_is_allowed_is_used() -> Test {
    let mut upstream = Upstream::start().await?;
    let server = with_own_addresses("user_url_networks = \"127.0.0.0/8\"").await?;
    let ada = join(&server, "ada@example.org").await?;
    let body = json!({"apiKey": "sk-ada", "baseURL": upstream.base_url});
    assert_eq!(put(&server, &ada, body).await?.status, 200);
    let (reply, told) = tokio::join!(ask(&server, &ada), async {
        let call = upstream.call().await?;
        let told = call.authorization.clone();
        call.say("hello")?;
        call.finish()?;
        anyhow::Ok(told)
    });
    assert_eq!((reply?.status, told?), (200, "Bearer sk-ada".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_key_is_kept_encrypted_and_never_shown() -> Test {
    let (_upstream, server) = with_own_keys().await?;
    let ada = join(&server, "ada@example.org").await?;
    put(&server, &ada, json!({"apiKey": "sk-very-secret"})).await?;
    for path in [PATH, "/account/provider-keys", "/account", "/models"] {
        let reply = ada.get(&server, path).await?;
        assert_eq!(reply.status, 200);
        let told = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(!told.contains("very-secret"), "{path}");
    }
    for file in std::fs::read_dir(server.data_dir())? {
        let file = file?.path();
        if file.is_file() {
            let bytes = std::fs::read(&file)?;
            let found = bytes.windows(11).any(|window| window == b"very-secret");
            assert!(!found, "{}", file.display());
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_key_that_the_provider_refuses_is_told_as_ones_own() -> Test {
    let refuse = async || axum::http::StatusCode::UNAUTHORIZED;
    let router = axum::Router::new().fallback(refuse);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let base_url = format!("http://{}/v1", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let server = with_own_addresses("user_url_networks = \"127.0.0.1\"").await?;
    let ada = join(&server, "ada@example.org").await?;
    put(
        &server,
        &ada,
        json!({"apiKey": "sk-ada", "baseURL": base_url}),
    )
    .await?;
    let refused = ask(&server, &ada).await?;
    assert_eq!(refused.problem(), (422, "own_key_unusable".to_owned()));
    Ok(())
}
