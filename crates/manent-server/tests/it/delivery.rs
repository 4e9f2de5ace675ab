//! Small pieces leave at once.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Test;
use crate::support::upstream::Upstream;

/// What one event may take from the provider's socket to the client's.
const BOUND: Duration = Duration::from_millis(10);

#[tokio::test(flavor = "multi_thread")]
async fn each_small_event_is_seen_at_once_on_a_connection_that_is_used_again() -> Test {
    let (mut upstream, server) = Upstream::with_server("", "").await?;
    let client = server.client();
    let prompt = json!({"messages": [{"role": "user", "content": "x"}]});
    for round in 0..3 {
        let (stream, call) = tokio::join!(client.generate(&prompt), async {
            let call = upstream.call().await?;
            call.say("0")?;
            anyhow::Ok(call)
        });
        let (mut stream, call) = (stream?, call?);
        // What was ready together may come together.
        while stream
            .next()
            .await?
            .is_some_and(|event| event.name != "delta")
        {}
        let mut times = Vec::new();
        for number in 1..=21 {
            let begun = Instant::now();
            call.say(&number.to_string())?;
            let event = stream.next().await?;
            times.push(begun.elapsed());
            let text = event.map(|event| event.data["text"].clone());
            assert_eq!(text, Some(json!(number.to_string())));
        }
        call.finish()?;
        assert_eq!(stream.rest().await?.len(), 1);
        // A delayed packet takes 40 ms, each time; a busy machine may take as long once.
        times.sort();
        let median = times[times.len() / 2];
        assert!(median < BOUND, "round {round}: {times:?}");
    }
    Ok(())
}
