//! What the client asks for before it draws anything, and the files that it is made of.

use std::path::Path;

use manent_testkit::TestServer;
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{join, send};
use crate::support::Test;
use crate::support::reply::Reply;

const YAML: &str = "
version: 1.3.0
interface: {bookmarks: false}
endpoints:
  custom:
    - name: Mock Provider A
      apiKey: secret-key
      baseURL: http://127.0.0.1:9/v1
      models: {default: [mock-a]}
      tokenConfig: {mock-a: {prompt: 1.5, completion: 6, context: 1000}}
      customParams: {defaultParamsEndpoint: anthropic}
modelSpecs:
  list:
    - {name: a, label: A, preset: {endpoint: Mock Provider A, model: mock-a, promptPrefix: Be secret.}}
";

/// A directory with a configuration and a client, and something outside of the client that is nobody's.
fn directory() -> anyhow::Result<tempfile::TempDir> {
    let directory = tempfile::tempdir()?;
    let path = directory.path();
    std::fs::create_dir_all(path.join("dist/assets"))?;
    std::fs::write(path.join("librechat.yaml"), YAML)?;
    std::fs::write(
        path.join("dist/index.html"),
        "<html><script>start()</script></html>",
    )?;
    std::fs::write(path.join("dist/assets/index.0123abcd.js"), "start")?;
    std::fs::write(path.join("dist/sw.js"), "work")?;
    Ok(directory)
}

async fn started(mode: &str, directory: &Path) -> anyhow::Result<TestServer> {
    let configuration = format!(
        "mode = \"{mode}\"\n[librechat]\nconfig = '{}'\nui = '{}'\n",
        directory.join("librechat.yaml").display(),
        directory.join("dist").display()
    );
    TestServer::start_with(&configuration).await
}

async fn get(server: &TestServer, path: &str) -> anyhow::Result<Reply> {
    send(server, Method::GET, path, None).await
}

async fn get_page(server: &TestServer, path: &str) -> anyhow::Result<Reply> {
    let client = server.client();
    let request = client.http().get(client.url(path));
    Reply::to(request.header("accept", "text/html,*/*")).await
}

#[tokio::test]
async fn in_the_mode_local_the_client_finds_itself_signed_in() -> Test {
    let directory = directory()?;
    let server = started("local", directory.path()).await?;
    let session = send(&server, Method::POST, "/api/auth/refresh", None).await?;
    let session = session.json();
    let claims = session["token"]
        .as_str()
        .and_then(|token| token.split('.').nth(1));
    let claims = data(claims.unwrap_or_default())?;
    assert!(claims["exp"].is_u64(), "{claims}");
    let user = get(&server, "/api/user").await?.json();
    assert_eq!(
        (&user, user["role"].as_str()),
        (&session["user"], Some("USER"))
    );
    let role = get(&server, "/api/roles/user").await?.json();
    let may = |group: &str| role["permissions"][group]["USE"].clone();
    assert_eq!(
        [
            may("MULTI_CONVO"),
            may("BOOKMARKS"),
            may("AGENTS"),
            may("MCP_SERVERS")
        ],
        [true, false, false, false].map(Value::from)
    );
    assert_eq!(get(&server, "/api/roles/ADMIN").await?.status, 404);
    let out = send(&server, Method::POST, "/api/auth/logout", None).await?;
    assert_eq!(out.json(), json!({"message": "Logout successful"}));
    assert_eq!(get(&server, "/api/user").await?.status, 200);
    Ok(())
}

/// The middle part of a token.
fn data(text: &str) -> anyhow::Result<Value> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text)?;
    Ok(serde_json::from_slice(&bytes)?)
}

#[tokio::test]
async fn strangers_see_how_to_sign_in_and_no_more() -> Test {
    let directory = directory()?;
    let server = started("accounts", directory.path()).await?;
    let strange = get(&server, "/api/config").await?.json();
    assert_eq!(strange["emailLoginEnabled"], true);
    assert_eq!(strange["registrationEnabled"], true);
    for hidden in ["modelSpecs", "interface", "balance"] {
        assert_eq!(strange[hidden], Value::Null, "{hidden}");
    }
    let person = join(&server, "ada@example.org").await?;
    let known = person.get(&server, "/api/config").await?.json();
    assert_eq!(
        known["modelSpecs"]["list"],
        json!([{"name": "a", "label": "A", "preset": {"endpoint": "Mock Provider A", "model": "mock-a"}}])
    );
    assert_eq!(known["interface"]["modelSelect"], false);
    Ok(())
}

#[tokio::test]
async fn endpoints_are_those_of_the_file_with_what_they_cost_and_without_their_keys() -> Test {
    let directory = directory()?;
    let server = started("local", directory.path()).await?;
    let endpoints = get(&server, "/api/endpoints").await?;
    assert_eq!(
        endpoints.json(),
        json!({"Mock Provider A": {
            "userProvide": false, "order": 0, "type": "custom",
            "customParams": {"defaultParamsEndpoint": "anthropic"}
        }})
    );
    let models = get(&server, "/api/models").await?.json();
    assert_eq!(models, json!({"Mock Provider A": ["mock-a"]}));
    let rates = get(&server, "/api/endpoints/token-config").await?.json();
    assert_eq!(
        rates,
        json!({"Mock Provider A": {"mock-a": {"prompt": 1.5, "completion": 6.0, "context": 1000}}})
    );
    Ok(())
}

#[tokio::test]
async fn the_client_is_at_the_root_and_our_own_page_beside_it() -> Test {
    let directory = directory()?;
    let server = started("local", directory.path()).await?;
    let index = std::fs::read(directory.path().join("dist/index.html"))?;
    for path in ["/", "/c/new", "/login", "/search"] {
        let page = get_page(&server, path).await?;
        assert_eq!((page.status, &page.body), (200, &index), "{path}");
        assert_eq!(
            page.header("cache-control"),
            "no-cache, no-store, must-revalidate"
        );
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("script-src 'self' 'wasm-unsafe-eval' 'sha256-"),
            "{policy}"
        );
    }
    let asset = get(&server, "/assets/index.0123abcd.js").await?;
    assert_eq!(asset.body, b"start");
    assert_eq!(
        asset.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(
        asset.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(
        get(&server, "/sw.js").await?.header("cache-control"),
        "no-cache"
    );
    for missing in [
        "/assets/none.js",
        "/assets/..%2f..%2flibrechat.yaml",
        "/api/none",
    ] {
        assert_eq!(get_page(&server, missing).await?.status, 404, "{missing}");
    }
    let escaped = get_page(&server, "/..%2flibrechat.yaml").await?;
    assert_eq!(escaped.body, index);
    let worker = get(&server, "/service-worker.js").await?;
    assert!(String::from_utf8(worker.body)?.contains("unregister"));
    let own = get_page(&server, "/manent").await?;
    assert_ne!(own.body, index);
    Ok(())
}
