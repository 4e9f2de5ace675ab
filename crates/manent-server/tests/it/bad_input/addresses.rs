//! Paths, queries and methods.

use manent_testkit::{TestServer, new_id};
use serde_json::json;

use super::Untouched;
use crate::support::Test;
use crate::support::database;
use crate::support::reply::{Reply, get};

#[tokio::test]
async fn ids_cursors_and_queries_are_checked() -> Test {
    let world = Untouched::start("").await?;
    let client = world.client();
    let conversation = &world.conversation;
    for id in [
        "x",
        "0",
        "%00",
        "%ff",
        "..%2f..",
        "0199c0de-0000-7000-8000-00000000000",
        "'or'1'='1",
    ] {
        for path in [
            format!("/conversation/{id}"),
            format!("/conversation/{id}/messages"),
        ] {
            assert_eq!(
                get(client, &path).await?.problem(),
                (400, "invalid_id".to_owned()),
                "{path}"
            );
        }
        for (path, status) in [
            (format!("/conversation/{id}"), 400),
            (format!("/conversation/{id}/restore"), 405),
        ] {
            assert_eq!(client.delete(&path).await?.status, status, "{path}");
        }
    }
    // Cursors of another kind, made by hand, cut, or with more than there is.
    let list = client.get("/conversations?limit=1").await?.body;
    assert_eq!(list["next"], json!(null));
    let made = [
        "",
        "x",
        "AAAA",
        "YS4x",
        "%00",
        "Yy4xLng",
        "Yy4tMS4wMTk5YzBkZS0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDE",
    ];
    for cursor in made
        .map(str::to_owned)
        .into_iter()
        .chain([format!("{:A<5000}", "")])
    {
        let path = format!("/conversations?cursor={cursor}");
        assert_eq!(
            get(client, &path).await?.problem(),
            (400, "invalid_cursor".to_owned()),
            "{path}"
        );
        let path = format!("/search?q=x&cursor={cursor}");
        assert_eq!(
            get(client, &path).await?.problem(),
            (400, "invalid_cursor".to_owned()),
            "{path}"
        );
    }
    for cursor in [
        "",
        "x",
        "Yy4xLng",
        "YS4tMQ",
        "YS45OTk5OTk5OTk5OTk5OTk5OTk5OQ",
    ] {
        let path = format!("/conversation/{conversation}/messages?cursor={cursor}");
        assert_eq!(
            get(client, &path).await?.problem(),
            (400, "invalid_cursor".to_owned()),
            "{path}"
        );
    }
    let messages = format!("/conversation/{conversation}/messages");
    let queries = [
        "/conversations?limit=0".to_owned(),
        "/conversations?limit=101".to_owned(),
        "/conversations?limit=-1".to_owned(),
        "/conversations?limit=x".to_owned(),
        "/conversations?limit=99999999999999999999".to_owned(),
        "/conversations?limit=1&limit=2".to_owned(),
        "/conversations?archived=yes".to_owned(),
        "/conversations?colour=red".to_owned(),
        format!("{messages}?limit=201"),
        format!("{messages}?after=-1"),
        format!("{messages}?after=1.5"),
        format!("{messages}?after=1&before=2"),
        format!("{messages}?after=1&order=newest"),
        format!("{messages}?order=random"),
        format!("{messages}?afterr=1"),
        "/search".to_owned(),
        "/search?q=x&limit=51".to_owned(),
        "/search?q=x&order=random".to_owned(),
        "/search?query=x".to_owned(),
    ];
    for path in queries {
        assert_eq!(
            get(client, &path).await?.problem(),
            (400, "invalid_query".to_owned()),
            "{path}"
        );
    }
    for path in [
        "/search?q=".to_owned(),
        "/search?q=***".to_owned(),
        format!("/search?q={}", "x".repeat(301)),
    ] {
        let reply = get(client, &path).await?;
        assert_eq!(reply.problem(), (422, "invalid_value".to_owned()), "{path}");
        assert_eq!(reply.json()["field"], "q");
    }
    let long_query = get(client, &format!("/search?q={}", "%20".repeat(20_000))).await?;
    assert!(
        matches!(long_query.status, 414 | 422 | 431),
        "{long_query:?}"
    );
    assert_eq!(database::rows(world.server.data_dir())?, world.rows);
    assert_eq!(
        client.all_messages(conversation).await?[0]["id"],
        world.message
    );
    Ok(())
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_told_apart() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = new_id();
    for path in [
        "/nothing",
        "/conversation",
        "/conversation/",
        "/conversations/",
        &format!("/conversation/{id}/message"),
        "/api/v1/x",
        "/%2e%2e/etc/passwd",
        "/assets/../../Cargo.toml",
        "/assets/none.js",
    ] {
        for method in ["GET", "POST", "DELETE", "BREW"] {
            let request = client.http().request(method.parse()?, client.url(path));
            let reply = Reply::to(request).await?;
            assert_eq!(
                reply.problem(),
                (404, "not_found".to_owned()),
                "{method} {path}"
            );
        }
    }
    for (method, path, allowed) in [
        ("GET", "/conversation/create", "POST"),
        ("PUT", "/conversations", "GET,HEAD"),
        ("POST", "/conversations", "GET,HEAD"),
        ("BREW", "/completion/generate", "POST"),
        ("GET", "/message/append", "POST"),
        ("OPTIONS", "/message/append", "POST"),
        ("POST", "/healthz", "GET,HEAD"),
        ("POST", "/metrics", "GET,HEAD"),
        ("DELETE", "/openapi.json", "GET,HEAD"),
    ] {
        let reply = Reply::to(client.http().request(method.parse()?, client.url(path))).await?;
        assert_eq!(
            reply.problem(),
            (405, "method_not_allowed".to_owned()),
            "{method} {path}"
        );
        assert_eq!(reply.header("allow"), allowed, "{method} {path}");
    }
    let path = format!("/conversation/{id}");
    let reply = Reply::to(client.http().put(client.url(&path))).await?;
    assert_eq!(reply.problem(), (405, "method_not_allowed".to_owned()));
    let mut allowed: Vec<&str> = reply.header("allow").split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["DELETE", "GET", "HEAD", "PATCH"]);
    Ok(())
}
