//! What no HTTP client would send: bodies that never end, heads that never end, and worse.

use std::time::{Duration, Instant};

use manent_testkit::{Client, RawAnswer, RawConnection, TestServer};
use serde_json::{Value, json};

use crate::support::{Test, create, database};

const TIMES: &str = "[http]\nbody_read_timeout = \"200ms\"\nheader_read_timeout = \"200ms\"\n";
const LIMIT: &str = "[limits]\nbody_bytes = 4096\nmessage_text_bytes = 4000\nmessage_image_bytes = 4000\nsystem_bytes = 4000\n";

/// Longer than any bound that these tests set, shorter than the defaults.
const PATIENCE: Duration = Duration::from_secs(8);

fn head(path: &str, headers: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n"
    )
}

/// Status and code of a problem, whose trace must be the header's.
fn problem(answer: &RawAnswer) -> (u16, Value) {
    let body = answer.json();
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{answer:?}"
    );
    assert_eq!(
        body["traceId"].as_str(),
        answer.header("x-trace-id"),
        "{answer:?}"
    );
    (answer.status, body["code"].clone())
}

async fn within<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::time::timeout(PATIENCE, work).await?
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() -> Test {
    let server = TestServer::start_with(TIMES).await?;
    let rows = database::rows(server.data_dir())?;
    for (headers, beginning) in [
        ("Content-Length: 1000\r\n", r#"{"title":"#),
        ("Content-Length: 1000\r\n", ""),
        ("Transfer-Encoding: chunked\r\n", "5\r\n{\"tit\r\n"),
        ("Transfer-Encoding: chunked\r\n", ""),
        ("Content-Length: 1000\r\nExpect: 100-continue\r\n", ""),
    ] {
        for path in [
            "/conversation/create",
            "/message/append",
            "/completion/generate",
        ] {
            let mut connection = RawConnection::open(server.address()).await?;
            connection.send(head(path, headers)).await?;
            connection.send(beginning).await?;
            let mut answer = within(connection.answer()).await?;
            if answer.status == 100 {
                answer = within(connection.answer()).await?;
            }
            assert_eq!(problem(&answer), (408, json!("body_timeout")), "{headers}");
            within(connection.until_closed()).await?;
        }
    }
    assert_eq!(database::rows(server.data_dir())?, rows);
    Ok(())
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_has_the_same_bound() -> Test {
    let server = TestServer::start_with(TIMES).await?;
    let mut connection = RawConnection::open(server.address()).await?;
    connection
        .send(head("/conversation/create", "Content-Length: 100000\r\n"))
        .await?;
    let begun = Instant::now();
    let mut interval = tokio::time::interval(Duration::from_millis(20));
    let answer = loop {
        tokio::select! {
            answer = connection.answer() => break answer?,
            _ = interval.tick() => {}
        }
        // Once the answer is under way the connection may be closed already.
        let _ = connection.send(" ").await;
    };
    assert_eq!(problem(&answer), (408, json!("body_timeout")));
    assert!(begun.elapsed() < PATIENCE);
    Ok(())
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whatever_it_says_of_its_length() -> Test {
    let server = TestServer::start_with(LIMIT).await?;
    let rows = database::rows(server.data_dir())?;
    let words = " ".repeat(4096);
    let chunk = format!("1000\r\n{words}\r\n");
    for path in [
        "/conversation/create",
        "/message/append",
        "/completion/generate",
    ] {
        for (headers, body) in [
            // Told at once, without the body.
            ("Content-Length: 4097\r\n", String::new()),
            ("Content-Length: 9000000000000000000\r\n", String::new()),
            (
                "Content-Length: 5000\r\nExpect: 100-continue\r\n",
                String::new(),
            ),
            // Told when it is seen.
            (
                "Transfer-Encoding: chunked\r\n",
                format!("{chunk}1\r\n \r\n"),
            ),
        ] {
            let mut connection = RawConnection::open(server.address()).await?;
            connection.send(head(path, headers)).await?;
            connection.send(body).await?;
            let answer = within(connection.answer()).await?;
            assert_eq!(
                problem(&answer),
                (413, json!("body_too_large")),
                "{headers}"
            );
        }
    }
    assert_eq!(database::rows(server.data_dir())?, rows);

    // At the limit it is read.
    let mut connection = RawConnection::open(server.address()).await?;
    connection
        .send(head("/conversation/create", "Content-Length: 4096\r\n"))
        .await?;
    connection.send(format!("{:<4096}", "{}")).await?;
    assert_eq!(within(connection.answer()).await?.status, 201);
    Ok(())
}

#[tokio::test]
async fn a_large_body_sent_by_an_ordinary_client_hears_why_it_is_refused() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    for megabytes in [4, 16] {
        let body = format!("{{\"title\":\"{}\"}}", "x".repeat(megabytes * 1_000_000));
        let request = client
            .http()
            .post(client.url("/conversation/create"))
            .header("content-type", "application/json")
            .body(body);
        let answer = client.send(request).await?;
        assert_eq!((answer.status, answer.code()), (413, "body_too_large"));
    }
    Ok(())
}

#[tokio::test]
async fn a_body_that_breaks_off_stores_nothing() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let rows = database::rows(server.data_dir())?;
    let body = json!({"message": {"conversationId": conversation, "role": "user", "content": "x"}})
        .to_string();
    for headers in [
        format!("Content-Length: {}\r\n", body.len() + 1),
        "Transfer-Encoding: chunked\r\n".to_owned(),
    ] {
        let mut connection = RawConnection::open(server.address()).await?;
        connection.send(head("/message/append", &headers)).await?;
        if headers.starts_with("Transfer") {
            connection
                .send(format!("{:x}\r\n{body}\r\n", body.len()))
                .await?;
        } else {
            connection.send(&body).await?;
        }
        drop(connection);
    }
    // What came on the broken connections was read, or never will be: the server answers others meanwhile.
    assert_eq!(client.all_messages(&conversation).await?.len(), 0);
    let directory = server.stop().await;
    assert_eq!(database::rows(directory.path())?, rows);
    Ok(())
}

#[tokio::test]
async fn heads_that_never_end_are_cut_and_others_are_served_meanwhile() -> Test {
    let server = TestServer::start_with(TIMES).await?;
    for beginning in [
        "",
        "POST",
        "GET /conversations HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        "GET /conversations HTTP/1.1\r\n",
    ] {
        let mut connection = RawConnection::open(server.address()).await?;
        connection.send(beginning).await?;
        // On a connection of its own: one that is used again may be the next to be closed.
        let other = Client::new(server.address())?;
        assert_eq!(other.get("/healthz").await?.status, 200);
        within(connection.until_closed()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_idle_connection_is_closed() -> Test {
    let server = TestServer::start_with(TIMES).await?;
    let mut connection = RawConnection::open(server.address()).await?;
    connection
        .send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await?;
    assert_eq!(within(connection.answer()).await?.status, 200);
    assert_eq!(within(connection.until_closed()).await?, b"");
    Ok(())
}

#[tokio::test]
async fn heads_beyond_all_measure_are_refused() -> Test {
    let server = TestServer::start().await?;
    let many = "X-Many: y\r\n".repeat(200);
    let cases = [
        (format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), 431),
        (format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: {}\r\n\r\n", "x".repeat(200_000)), 431),
        (format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(200_000)), 414),
        ("NONSENSE\r\n\r\n".to_owned(), 400),
        ("GET /healthz HTTP/9.9\r\n\r\n".to_owned(), 400),
        ("POST /conversation/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}".to_owned(), 400),
        ("POST /conversation/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n".to_owned(), 400),
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n".to_owned(), 400),
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n".to_owned(), 400),
    ];
    let rows = database::rows(server.data_dir())?;
    for (request, status) in cases {
        let mut connection = RawConnection::open(server.address()).await?;
        let shown: String = request.chars().take(120).collect();
        // A part of it may be refused before all of it is sent.
        let _ = connection.send(&request).await;
        let answer = within(connection.answer()).await?;
        assert!(
            answer.status == status || (status == 414 && answer.status == 431),
            "{shown}: {answer:?}"
        );
        assert_eq!(server.client().get("/healthz").await?.status, 200);
    }
    assert_eq!(database::rows(server.data_dir())?, rows);
    Ok(())
}

#[tokio::test]
async fn a_request_smuggled_behind_another_is_not_run() -> Test {
    let server = TestServer::start().await?;
    let rows = database::rows(server.data_dir())?;
    let inner = head("/conversation/create", "Content-Length: 2\r\n") + "{}";
    let smuggled = format!(
        "POST /message/append HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        inner.len() + 5
    );
    let mut connection = RawConnection::open(server.address()).await?;
    connection.send(&smuggled).await?;
    let first = within(connection.answer()).await?;
    assert_eq!(first.status, 400, "{first:?}");
    // Either the whole was refused, or the length was not believed and the connection closed behind the first answer.
    within(connection.until_closed()).await?;
    assert_eq!(database::rows(server.data_dir())?, rows);
    Ok(())
}

#[tokio::test]
async fn requests_in_a_row_on_one_connection_are_answered_in_order() -> Test {
    let server = TestServer::start().await?;
    let mut connection = RawConnection::open(server.address()).await?;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    connection
        .send(get("/healthz") + &get("/nothing") + &get("/version"))
        .await?;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(within(connection.answer()).await?.status);
    }
    assert_eq!(statuses, [200, 404, 200]);
    Ok(())
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() -> Test {
    let server = TestServer::start_with("[limits]\nmax_connections = 2\n").await?;
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut first = RawConnection::open(server.address()).await?;
    let mut second = RawConnection::open(server.address()).await?;
    for connection in [&mut first, &mut second] {
        connection.send(request).await?;
        assert_eq!(within(connection.answer()).await?.status, 200);
    }
    let mut third = RawConnection::open(server.address()).await?;
    third.send(request).await?;
    let waits = tokio::time::timeout(Duration::from_millis(100), third.answer()).await;
    assert!(waits.is_err(), "{waits:?}");
    drop(first);
    assert_eq!(within(third.answer()).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn connections_beyond_those_of_an_address_are_closed() -> Test {
    let configuration = "mode = \"accounts\"\n[limits]\nconnections_by_address = 2\n";
    let server = TestServer::start_with(configuration).await?;
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut first = RawConnection::open(server.address()).await?;
    let mut second = RawConnection::open(server.address()).await?;
    for connection in [&mut first, &mut second] {
        connection.send(request).await?;
        assert_eq!(within(connection.answer()).await?.status, 200);
    }
    let mut third = RawConnection::open(server.address()).await?;
    assert_eq!(within(third.until_closed()).await?, b"");
    drop(first);
    // The server notices in its own time that a place is free.
    within(async {
        loop {
            let mut next = RawConnection::open(server.address()).await?;
            // Closed already: the next try may have the place.
            if next.send(request).await.is_ok()
                && let Ok(answer) = next.answer().await
            {
                assert_eq!(answer.status, 200);
                return Ok(());
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_is_let_go() -> Test {
    let filled = TestServer::start().await?;
    let conversation = create(filled.client()).await?;
    // More than the buffers of a connection hold.
    let text = "x".repeat(200_000);
    for _ in 0..60 {
        crate::support::say(filled.client(), &conversation, &text).await?;
    }
    let times = "[limits]\nmax_connections = 1\n[http]\nwrite_timeout = \"200ms\"\n[sse]\nheartbeat = \"100ms\"\n";
    let server = TestServer::start_in(filled.stop().await, times).await?;
    let mut lazy = RawConnection::open(server.address()).await?;
    lazy.send("GET /feed?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await?;
    // There is one place for connections: whoever comes next has it when the other one was let go.
    let mut next = RawConnection::open(server.address()).await?;
    next.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await?;
    assert_eq!(within(next.answer()).await?.status, 200);
    drop(lazy);
    Ok(())
}

/// A proxy may believe the one and this server the other.
#[tokio::test]
async fn a_name_or_a_token_that_is_said_twice_is_refused() -> Test {
    let server = TestServer::start_with("mode = \"accounts\"\n[librechat]\nenabled = true").await?;
    let token = "Authorization: Bearer x\r\n";
    for (twice, name) in [
        ("Host: localhost\r\n".to_owned(), "host"),
        (format!("{token}{token}"), "authorization"),
    ] {
        let detail = format!("The request has more than one `{name}`; send it once.");
        let ask = async |path: &str| {
            let mut connection = RawConnection::open(server.address()).await?;
            let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{twice}\r\n");
            connection.send(head).await?;
            within(connection.answer()).await
        };
        let native = ask("/conversations").await?;
        assert_eq!(problem(&native), (400, json!("repeated_header")), "{name}");
        assert_eq!(native.json()["detail"], json!(detail));
        let librechat = ask("/api/user").await?;
        let told = (librechat.status, librechat.json());
        assert_eq!(told, (400, json!({"message": detail})));
    }
    Ok(())
}
