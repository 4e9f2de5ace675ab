//! Reading from a place in the log.

use manent_testkit::new_id;
use serde_json::json;

use crate::runs::request;
use crate::support::reply::{Reply, get};
use crate::support::{Test, servers};

#[tokio::test]
async fn a_reader_begins_anywhere_and_gets_exactly_the_rest() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let run = new_id();
    let events = client
        .generate(&request(&run, "think"))
        .await?
        .rest()
        .await?;
    assert!(events.len() > 5, "{events:?}");
    for (index, event) in events.iter().enumerate() {
        let rest = &events[index + 1..];
        let cursor = event.cursor.clone().unwrap_or_default();
        for cursor in [&cursor, &event.id.to_string()] {
            let path = format!("/completion/{run}?after={cursor}");
            let by_header = client
                .http()
                .get(client.url(&format!("/completion/{run}?after=0")))
                .header("last-event-id", cursor);
            if rest.is_empty() {
                assert_eq!(client.get(&path).await?.status, 204);
                assert_eq!(client.send(by_header).await?.status, 204);
            } else {
                assert_eq!(client.attach(&run, cursor).await?.rest().await?, rest);
                assert_eq!(client.events(by_header).await?.rest().await?, rest);
            }
        }
    }
    assert_eq!(client.attach(&run, "0").await?.rest().await?, events);
    Ok(())
}

#[tokio::test]
async fn a_wrong_place_is_told_apart() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let (run, other) = (new_id(), new_id());
    let events = client
        .generate(&request(&run, "hello"))
        .await?
        .rest()
        .await?;
    let others = client
        .generate(&request(&other, "hello"))
        .await?
        .rest()
        .await?;
    let foreign = others[0].cursor.clone().unwrap_or_default();
    let mine = events[0].cursor.clone().unwrap_or_default();
    let ahead = format!("{}{}", mine.trim_end_matches('1'), events.len() + 1);
    for (cursor, expected) in [
        (foreign.as_str(), (400, "cursor_foreign")),
        (ahead.as_str(), (409, "cursor_ahead")),
        ("9007199254740991", (409, "cursor_ahead")),
        ("x", (400, "invalid_cursor")),
        ("-1", (400, "invalid_cursor")),
        ("1.2.3", (400, "invalid_cursor")),
        ("99999999999999999999", (400, "invalid_cursor")),
    ] {
        let reply = get(client, &format!("/completion/{run}?after={cursor}")).await?;
        let (status, code) = reply.problem();
        assert_eq!((status, code.as_str()), expected, "{cursor}");
    }
    let unknown = get(client, &format!("/completion/{run}?before=1")).await?;
    assert_eq!(unknown.problem(), (400, "invalid_query".to_owned()));
    Ok(())
}

#[tokio::test]
async fn an_unknown_run_is_not_found_whatever_is_asked_of_it() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let run = new_id();
    for path in ["", "/status"] {
        let reply = get(client, &format!("/completion/{run}{path}")).await?;
        assert_eq!(reply.problem(), (404, "run_not_found".to_owned()), "{path}");
    }
    let stop = client
        .http()
        .post(client.url(&format!("/completion/{run}/stop")));
    assert_eq!(
        Reply::to(stop).await?.problem(),
        (404, "run_not_found".to_owned())
    );
    let reply = get(client, "/completion/x/status").await?;
    assert_eq!(reply.problem(), (400, "invalid_id".to_owned()));
    assert_eq!(reply.json()["field"], json!("runId"));
    Ok(())
}
