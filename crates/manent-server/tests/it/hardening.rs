//! What a browser is told with every answer, and what pages of other origins may do.

use manent_server::openapi_json;
use manent_testkit::{TestServer, new_id};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::reply::Reply;
use crate::support::{Test, database};

const ACCOUNTS: &str = "mode = \"accounts\"\n";
const FRIEND: &str = "https://app.example.org";

/// Every operation of the document, with ids that nobody has.
fn operations() -> anyhow::Result<Vec<(Method, String)>> {
    let document: Value = serde_json::from_str(&openapi_json()?)?;
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        let path: Vec<String> = path
            .split('/')
            .map(|part| {
                if part.starts_with('{') {
                    new_id()
                } else {
                    part.to_owned()
                }
            })
            .collect();
        for method in methods.as_object().into_iter().flat_map(|all| all.keys()) {
            operations.push((method.to_uppercase().parse()?, path.join("/")));
        }
    }
    Ok(operations)
}

/// What every answer says that is data and no page.
fn assert_is_data(reply: &Reply, what: &str) {
    for (name, value) in [
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        let said = reply.headers.get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(said, [value], "{what}: {name}");
    }
    for name in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert!(!reply.headers.contains_key(name), "{what}: {name}");
    }
}

/// Sends the request until the head of its answer is there; streams have no end.
async fn head_of(request: RequestBuilder) -> anyhow::Result<Reply> {
    let response = request.send().await?;
    Ok(Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: Vec::new(),
    })
}

#[tokio::test]
async fn every_answer_says_what_browsers_may_do_with_it() -> Test {
    for configuration in ["", ACCOUNTS] {
        let server = TestServer::start_with(configuration).await?;
        let client = server.client();
        for (method, path) in operations()? {
            let what = format!("{method} {path}");
            let request = client.http().request(method, client.url(&path));
            assert_is_data(&head_of(request.json(&json!({}))).await?, &what);
        }
        for path in ["/openapi.json", "/nothing/here", "/assets/none.js", "/%ff"] {
            let request = client.http().get(client.url(path));
            assert_is_data(&head_of(request).await?, path);
        }
        let foreign = client.http().get(client.url("/models"));
        let foreign = foreign.header("origin", "https://evil.example");
        assert_is_data(&head_of(foreign).await?, "a foreign origin");
    }
    Ok(())
}

#[tokio::test]
async fn the_description_runs_no_script_but_its_own_files() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let reply = head_of(client.http().get(client.url("/docs/"))).await?;
    assert_eq!(reply.status, 200);
    let policy = reply.header("content-security-policy");
    assert!(policy.contains("script-src 'self';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    Ok(())
}

#[tokio::test]
async fn a_browser_that_came_over_tls_shall_try_nothing_else() -> Test {
    for (url, expected) in [
        ("https://chat.example.org", "max-age=31536000"),
        ("http://chat.example.org", ""),
    ] {
        let server = TestServer::start_with(&format!("{ACCOUNTS}public_url = \"{url}\"\n")).await?;
        let client = server.client();
        for path in ["/healthz", "/account", "/nothing"] {
            let request = client.http().get(client.url(path));
            let reply = head_of(request.header("host", "chat.example.org")).await?;
            assert_eq!(
                reply.header("strict-transport-security"),
                expected,
                "{path}"
            );
        }
    }
    Ok(())
}

fn preflight(server: &TestServer, origin: &str) -> RequestBuilder {
    let client = server.client();
    client
        .http()
        .request(Method::OPTIONS, client.url("/message/append"))
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        )
}

#[tokio::test]
async fn no_other_origin_is_let_in_unless_it_is_named() -> Test {
    let server = TestServer::start().await?;
    for origin in [FRIEND, "null", "https://evil.example"] {
        let reply = Reply::to(preflight(&server, origin)).await?;
        assert_eq!(reply.problem(), (403, "origin_not_allowed".to_owned()));
        assert_is_data(&reply, origin);
    }
    Ok(())
}

#[tokio::test]
async fn an_origin_that_is_named_may_ask_and_read_what_it_is_told() -> Test {
    let configuration = format!("{ACCOUNTS}cors_origins = \"{FRIEND}, http://localhost:5173\"\n");
    let server = TestServer::start_with(&configuration).await?;
    let client = server.client();
    for origin in [FRIEND, "http://localhost:5173"] {
        let reply = Reply::to(preflight(&server, origin)).await?;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("access-control-allow-origin"), origin);
        assert_eq!(reply.header("access-control-allow-credentials"), "true");
        assert_eq!(
            reply.header("access-control-allow-methods"),
            "GET,POST,PUT,PATCH,DELETE"
        );
        assert_eq!(
            reply.header("access-control-allow-headers"),
            "authorization,content-type,accept,last-event-id,traceparent"
        );
        let varies: Vec<&[u8]> = reply
            .headers
            .get_all("vary")
            .iter()
            .map(AsRef::as_ref)
            .collect();
        assert!(varies.concat().starts_with(b"origin"), "{reply:?}");
        // A refusal can be read, too, with the trace and how long to wait.
        let request = client.http().get(client.url("/account"));
        let request = request
            .header("origin", origin)
            .header("sec-fetch-site", "cross-site");
        let reply = Reply::to(request).await?;
        assert_eq!(reply.problem(), (401, "signed_out".to_owned()));
        assert_eq!(reply.header("access-control-allow-origin"), origin);
        assert_eq!(
            reply.header("access-control-expose-headers"),
            "x-trace-id,retry-after"
        );
    }
    for origin in [
        "https://evil.example",
        "https://app.example.org.evil.example",
        "https://app.example.org:8443",
        "http://app.example.org",
        "https://APP.example.org",
        "null",
        "*",
    ] {
        let reply = Reply::to(preflight(&server, origin)).await?;
        assert_eq!(
            reply.problem(),
            (403, "origin_not_allowed".to_owned()),
            "{origin}"
        );
        assert_is_data(&reply, origin);
    }
    Ok(())
}

#[tokio::test]
async fn what_a_foreign_page_can_send_without_asking_is_not_taken() -> Test {
    let server = TestServer::start_with(ACCOUNTS).await?;
    let client = server.client();
    let before = database::rows(server.data_dir())?;
    let body =
        json!({"name": "x", "email": "ada@example.org", "password": "correct horse battery"});
    // Even of a browser that says neither `Origin` nor `Sec-Fetch-Site`.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
    ] {
        for path in ["/auth/register", "/auth/sign-in", "/auth/second-factor"] {
            let mut request = client.http().post(client.url(path)).body(body.to_string());
            if !kind.is_empty() {
                request = request.header("content-type", kind);
            }
            let reply = Reply::to(request).await?;
            let refused = (415, "unsupported_media_type".to_owned());
            assert_eq!(reply.problem(), refused, "{path} {kind}");
        }
    }
    assert_eq!(database::rows(server.data_dir())?, before);
    Ok(())
}
