//! People's own keys for providers.

use reqwest::Method;
use serde_json::{Value, json};

use super::people::{Person, join, message, server};
use crate::support::Test;
use crate::support::reply::Reply;
use crate::support::upstream::Upstream;
use manent_testkit::TestServer;

/// One provider with people's keys, one with their addresses too.
const PROVIDERS: &str = "[[providers]]\nid = \"openai\"\nkind = \"openai\"\napi_key = \"user_provided\"\n\
    [[providers]]\nid = \"Own.Place\"\nkind = \"openai\"\nbase_url = \"user_provided\"\napi_key = \"user_provided\"\nmodels = [\"m\"]\n";

async fn put(server: &TestServer, person: &Person, body: Value) -> anyhow::Result<Reply> {
    person
        .send(server, Method::PUT, "/api/keys", Some(&body))
        .await
}

async fn expiry(server: &TestServer, person: &Person, name: &str) -> anyhow::Result<Value> {
    let reply = person
        .get(server, &format!("/api/keys?name={name}"))
        .await?;
    anyhow::ensure!(reply.status == 200, "{reply:?}");
    Ok(reply.json())
}

#[tokio::test]
async fn a_key_is_told_by_its_end_alone() -> Test {
    let server = server(PROVIDERS).await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    assert_eq!(
        expiry(&server, &ada, "openAI").await?,
        json!({"expiresAt": null})
    );
    let end = "2999-01-01T00:00:00.000Z";
    for (said, told) in [
        (json!(end), json!(end)),
        (json!(""), json!("never")),
        (Value::Null, json!("never")),
    ] {
        let body = json!({"name": "openAI", "value": "sk-ada", "expiresAt": said});
        let stored = put(&server, &ada, body).await?;
        assert_eq!((stored.status, stored.body.len()), (201, 0), "{stored:?}");
        assert_eq!(
            expiry(&server, &ada, "openAI").await?,
            json!({ "expiresAt": told })
        );
    }
    assert_eq!(
        expiry(&server, &eve, "openAI").await?,
        json!({"expiresAt": null})
    );
    let deleted = eve
        .send(&server, Method::DELETE, "/api/keys/openAI", None)
        .await?;
    assert_eq!(deleted.status, 204);
    assert_eq!(
        expiry(&server, &ada, "openAI").await?,
        json!({"expiresAt": "never"})
    );
    let deleted = ada
        .send(&server, Method::DELETE, "/api/keys/openAI", None)
        .await?;
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    assert_eq!(
        expiry(&server, &ada, "openAI").await?,
        json!({"expiresAt": null})
    );
    Ok(())
}

#[tokio::test]
async fn all_keys_are_deleted_where_that_is_said() -> Test {
    let server = server(PROVIDERS).await?;
    let ada = join(&server, "ada@example.org").await?;
    let value = json!({"apiKey": "sk", "baseURL": "https://models.example.org/v1"}).to_string();
    for body in [
        json!({"name": "openAI", "value": "sk"}),
        json!({"name": "Own.Place", "value": value}),
    ] {
        assert_eq!(put(&server, &ada, body).await?.status, 201);
    }
    for path in ["/api/keys", "/api/keys?all=false"] {
        assert_eq!(
            ada.send(&server, Method::DELETE, path, None).await?.status,
            400
        );
    }
    assert_eq!(
        expiry(&server, &ada, "Own.Place").await?,
        json!({"expiresAt": "never"})
    );
    let deleted = ada
        .send(&server, Method::DELETE, "/api/keys?all=true", None)
        .await?;
    assert_eq!(deleted.status, 204);
    for name in ["openAI", "Own.Place"] {
        assert_eq!(
            expiry(&server, &ada, name).await?,
            json!({"expiresAt": null})
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_key_is_refused() -> Test {
    let server = server(PROVIDERS).await?;
    let ada = join(&server, "ada@example.org").await?;
    let with_url = |url: &str| json!({"apiKey": "sk", "baseURL": url}).to_string();
    for body in [
        json!({}),
        json!({"name": "openAI"}),
        json!({"name": "openAI", "value": ""}),
        json!({"name": "openAI", "value": "{\"baseURL\":\"https://example.org\"}"}),
        json!({"name": "openAI", "value": "{not json"}),
        json!({"name": "openAI", "value": with_url("https://example.org")}),
        json!({"name": "openAI", "value": "sk", "expiresAt": "soon"}),
        json!({"name": "Own.Place", "value": "sk"}),
        json!({"name": "Own.Place", "value": with_url("http://169.254.169.254/")}),
        json!({"name": "Own.Place", "value": with_url("http://0x7f.1/v1")}),
        json!({"name": "anthropic", "value": "sk"}),
    ] {
        let reply = put(&server, &ada, body.clone()).await?;
        assert_eq!(message(&reply).0, 400, "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_given_here_is_used() -> Test {
    let mut upstream = Upstream::start().await?;
    let server = server(&format!(
        "[accounts]\nuser_url_networks = \"127.0.0.1\"\n{PROVIDERS}"
    ))
    .await?;
    let ada = join(&server, "ada@example.org").await?;
    let value = json!({"apiKey": "sk-ada", "baseURL": upstream.base_url}).to_string();
    let stored = put(&server, &ada, json!({"name": "own.place", "value": value})).await?;
    assert_eq!(stored.status, 201, "{stored:?}");
    let ask = json!({"messages": [{"role": "user", "content": "x"}], "config": {"provider": "Own.Place"}});
    let (reply, told) = tokio::join!(ada.post(&server, "/completion/generate", ask), async {
        let call = upstream.call().await?;
        let told = call.authorization.clone();
        call.say("hello")?;
        call.finish()?;
        anyhow::Ok(told)
    });
    assert_eq!((reply?.status, told?), (200, "Bearer sk-ada".to_owned()));
    Ok(())
}
