//! Whether a server runs on this data directory, and what it says of itself.

use std::fs::{File, TryLockError};
use std::time::Duration;

use manent_config::Config;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::check::Check;

const NAME: &str = "server";

/// How long a running server may take to answer; each of its parts has two seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most of an answer that is read.
const MOST_BYTES: u64 = 64 * 1024;

/// Whether a process holds the data directory, or the journal in it. Changes nothing.
pub(super) fn is_running(config: &Config) -> bool {
    let mut locks = vec![config.journal_directory().join("journal.lock")];
    if let Some(directory) = config.sqlite_directory() {
        locks.push(directory.join("manent.lock"));
    }
    locks.iter().any(|lock| {
        File::open(lock)
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    })
}

pub(super) async fn checks(config: &Config, is_running: bool) -> Vec<Check> {
    if !is_running {
        return vec![Check::ok(NAME, "does not run")];
    }
    if config.listen.port() == 0 {
        let detail = "runs, on a port that was free then";
        return vec![Check::warning(NAME, detail, "ask its /readyz yourself")];
    }
    let asked = tokio::time::timeout(PATIENCE, ready(config)).await;
    match asked {
        Ok(Ok(answer)) => of_answer(config, &answer),
        Ok(Err(error)) => vec![cannot_ask(config, &error.to_string())],
        Err(_) => vec![cannot_ask(config, "no answer in time")],
    }
}

fn cannot_ask(config: &Config, why: &str) -> Check {
    let detail = format!(
        "runs, and cannot be asked at http://{}: {why}",
        config.listen
    );
    Check::problem(
        NAME,
        detail,
        Some(
            "if it listens elsewhere, give doctor the same settings; if it hangs, look at its log and restart it",
        ),
    )
}

/// What `/readyz` answers.
async fn ready(config: &Config) -> std::io::Result<Value> {
    let mut stream = TcpStream::connect(config.listen).await?;
    let request = format!(
        "GET /readyz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        config.listen
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MOST_BYTES).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| std::io::Error::other("it does not speak HTTP"))?;
    serde_json::from_str(body).map_err(|_| std::io::Error::other("it is no Manent"))
}

/// One check for the whole, and one for each part that is not ready or has something to say.
fn of_answer(config: &Config, answer: &Value) -> Vec<Check> {
    let is_ready = answer["ready"] == true;
    let detail = format!("runs at http://{}", config.listen);
    let mut checks = vec![if is_ready {
        Check::ok(NAME, format!("{detail} and is ready"))
    } else {
        Check::problem(NAME, format!("{detail} and is not ready"), None)
    }];
    for part in answer["parts"].as_array().into_iter().flatten() {
        let name = part["name"].as_str().unwrap_or("a part");
        let said = part["detail"].as_str();
        if part["ready"] != true {
            let detail = format!(
                "{name} is not ready: {}",
                said.unwrap_or("it does not say why")
            );
            checks.push(Check::problem(NAME, detail, Some("look at its log")));
        } else if let Some(said) = said {
            checks.push(Check::ok(NAME, format!("{name}: {said}")));
        }
    }
    checks
}
