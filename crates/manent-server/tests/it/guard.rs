//! Foreign pages stay out; traces go through.

use manent_testkit::{RawConnection, TestServer};
use serde_json::json;

use crate::support::reply::Reply;
use crate::support::{Test, database};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn a_foreign_host_origin_or_site_is_forbidden_and_changes_nothing() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let port = server.address().port();
    let before = database::rows(server.data_dir())?;
    let cases = [
        ("host", "evil.example".to_owned(), "host_not_allowed"),
        (
            "host",
            format!("127.0.0.1.evil.example:{port}"),
            "host_not_allowed",
        ),
        (
            "host",
            format!("localhost:x@evil.example:{port}"),
            "host_not_allowed",
        ),
        ("host", "[::1]evil.example".to_owned(), "host_not_allowed"),
        ("host", String::new(), "host_not_allowed"),
        (
            "origin",
            "https://evil.example".to_owned(),
            "origin_not_allowed",
        ),
        ("origin", "null".to_owned(), "origin_not_allowed"),
        (
            "origin",
            format!("http://127.0.0.1:{}", port ^ 1),
            "origin_not_allowed",
        ),
        (
            "origin",
            format!("http://localhost:{port}"),
            "origin_not_allowed",
        ),
        (
            "sec-fetch-site",
            "cross-site".to_owned(),
            "origin_not_allowed",
        ),
        (
            "sec-fetch-site",
            "same-site".to_owned(),
            "origin_not_allowed",
        ),
    ];
    for (name, value, code) in cases {
        for path in [
            "/conversation/create",
            "/completion/generate",
            "/nothing/here",
        ] {
            let request = client
                .http()
                .post(client.url(path))
                .header(name, &value)
                .json(&json!({}));
            let reply = Reply::to(request).await?;
            assert_eq!(reply.problem(), (403, code.to_owned()), "{name}: {value}");
        }
    }
    assert_eq!(database::rows(server.data_dir())?, before);
    Ok(())
}

#[tokio::test]
async fn the_servers_own_page_and_programs_are_let_in() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let port = server.address().port();
    let own = format!("http://127.0.0.1:{port}");
    let cases = [
        vec![("origin", own.as_str()), ("sec-fetch-site", "same-origin")],
        vec![("sec-fetch-site", "none")],
        vec![("host", "localhost")],
        vec![("host", "[::1]:80")],
        vec![],
    ];
    for headers in cases {
        let mut request = client
            .http()
            .post(client.url("/conversation/create"))
            .json(&json!({}));
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        assert_eq!(Reply::to(request).await?.status, 201, "{headers:?}");
    }
    // Somebody follows a link to the page.
    let link = client
        .http()
        .get(client.url("/healthz"))
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate");
    assert_eq!(Reply::to(link).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_request_without_a_host_is_forbidden() -> Test {
    let server = TestServer::start().await?;
    let mut connection = RawConnection::open(server.address()).await?;
    connection
        .send("GET /conversations HTTP/1.0\r\n\r\n")
        .await?;
    let answer = connection.answer().await?;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (403, &json!("host_not_allowed"))
    );
    Ok(())
}

#[tokio::test]
async fn a_trace_is_continued_and_told_with_every_answer() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    for (path, status) in [
        ("/healthz", 200),
        ("/conversations", 200),
        ("/nothing", 404),
        ("/conversation/x", 400),
    ] {
        let request = client
            .http()
            .get(client.url(path))
            .header("traceparent", &parent);
        let reply = Reply::to(request).await?;
        assert_eq!(
            (reply.status, reply.header("x-trace-id")),
            (status, TRACE),
            "{path}"
        );
        if status != 200 {
            assert_eq!(reply.json()["traceId"], TRACE, "{path}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_trace_that_is_none_begins_anew_each_time() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let mut seen = std::collections::BTreeSet::new();
    for parent in [
        "",
        "00-x",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "\u{e9}",
    ] {
        let request = client
            .http()
            .get(client.url("/nothing"))
            .header("traceparent", parent.as_bytes());
        let reply = Reply::to(request).await?;
        let _ = reply.problem();
        let trace = reply.header("x-trace-id").to_owned();
        assert!(
            trace.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{trace}"
        );
        assert!(seen.insert(trace), "each has its own");
    }
    Ok(())
}

/// As behind a proxy that asks under the address of the server, and not under the name that people know.
#[tokio::test]
async fn a_page_of_the_public_address_is_let_in_under_the_servers_own_name_too() -> Test {
    let server =
        TestServer::start_with("mode = \"accounts\"\npublic_url = \"https://chat.example.org\"\n")
            .await?;
    let client = server.client();
    let ask = async |origin: &str| {
        let request = client.http().post(client.url("/auth/refresh"));
        Reply::to(request.header("origin", origin)).await
    };
    let let_in = ask("https://chat.example.org").await?;
    assert_eq!(let_in.problem(), (401, "signed_out".to_owned()));
    for foreign in ["http://chat.example.org", "https://evil.example", "null"] {
        let refused = ask(foreign).await?;
        let expected = (403, "origin_not_allowed".to_owned());
        assert_eq!(refused.problem(), expected, "{foreign}");
    }
    Ok(())
}
