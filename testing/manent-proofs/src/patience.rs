//! Waiting, always with an end.

use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use tokio::time::{Instant, sleep, timeout};

/// How often [`eventually`] asks.
const INTERVAL: Duration = Duration::from_millis(100);

/// Asks until there is an answer. What is asked tells in its error, or by `None`, that it is not so yet.
///
/// # Errors
/// When it is not so in time; with the last error.
pub async fn eventually<T, F>(
    what: &str,
    patience: Duration,
    mut ask: impl FnMut() -> F,
) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let end = Instant::now() + patience;
    loop {
        // A question that hangs must not outlive the patience.
        let answer = timeout(end.saturating_duration_since(Instant::now()), ask()).await;
        let last = match answer {
            Ok(Ok(Some(found))) => return Ok(found),
            Ok(Ok(None)) => anyhow::anyhow!("it is not so"),
            Ok(Err(error)) => error,
            Err(_) => anyhow::anyhow!("there was no answer"),
        };
        if Instant::now() >= end {
            return Err(last).context(format!("{what}: not within {patience:?}"));
        }
        sleep(INTERVAL).await;
    }
}

/// The whole of a proof, which must come to its end. Prints how long it took.
///
/// # Errors
/// The proof's own, or that it took too long.
#[expect(clippy::print_stdout, reason = "shown by the test runner")]
pub async fn bounded<T>(
    longest: Duration,
    proof: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let start = Instant::now();
    let done = timeout(longest, proof)
        .await
        .with_context(|| format!("the proof did not come to its end within {longest:?}"))?;
    println!("took {:?}", start.elapsed());
    done
}
