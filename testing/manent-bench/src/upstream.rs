//! The provider behind the measured proxies: an OpenAI-compatible stream as fast, or as evenly paced, as a request asks for.
//!
//! It speaks HTTP by hand with prepared bytes, so that it is never what limits a run.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::MissedTickBehavior;

/// Each token's text contains this byte once and nothing else does: counting it counts tokens, however they are framed.
pub(crate) const TOKEN_MARK: u8 = b'~';

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";

/// What a request asks the upstream to stream, written into the last user message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Script {
    /// How many tokens.
    pub(crate) tokens: usize,
    /// Time between two writes; zero: none.
    pub(crate) interval: Duration,
    /// Tokens for each write.
    pub(crate) tokens_per_write: usize,
    /// Whether each token's text carries the time for which it was planned (see [`since_epoch`]); needs an interval.
    pub(crate) is_stamped: bool,
}

impl Script {
    /// The words that carry it.
    pub(crate) fn text(self) -> String {
        format!(
            "tokens={} interval={} write={} stamp={}.",
            self.tokens,
            self.interval.as_micros(),
            self.tokens_per_write,
            u8::from(self.is_stamped)
        )
    }

    fn find_in(body: &[u8]) -> anyhow::Result<Self> {
        Ok(Self {
            tokens: number_after(body, b"tokens=")?,
            interval: Duration::from_micros(u64::try_from(number_after(body, b"interval=")?)?),
            tokens_per_write: number_after(body, b"write=")?.max(1),
            is_stamped: number_after(body, b"stamp=")? == 1,
        })
    }
}

fn number_after(body: &[u8], name: &[u8]) -> anyhow::Result<usize> {
    let start = memmem::find(body, name).context("the request carries no script")? + name.len();
    let digits = body[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let text: String = digits.map(|byte| char::from(*byte)).collect();
    Ok(text.parse()?)
}

/// The clock of stamped tokens, one for the upstream and its readers in the same process.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The moment on the clock of stamped tokens.
pub(crate) fn since_epoch(moment: Instant) -> Duration {
    moment.saturating_duration_since(*EPOCH)
}

/// Starts the upstream on a free port of loopback; it lives as long as the runtime.
///
/// # Errors
/// When it cannot listen.
pub(crate) async fn start() -> anyhow::Result<SocketAddr> {
    LazyLock::force(&EPOCH);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A connection that its client drops ends here; the client is the one that counts what it got.
            tokio::spawn(async move { serve(stream).await.ok() });
        }
    });
    Ok(address)
}

async fn serve(mut stream: TcpStream) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 * 1024);
    while let Some(script) = read_request(&mut stream, &mut buffer).await? {
        answer(&mut stream, script).await?;
    }
    Ok(())
}

/// Reads one request with a `content-length`; `None` when the client has closed the connection.
async fn read_request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> anyhow::Result<Option<Script>> {
    loop {
        if let Some(end) = memmem::find(buffer, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .context("a request without content-length")?
                .trim()
                .parse()?;
            let whole = end + 4 + length;
            if buffer.len() >= whole {
                let script = Script::find_in(&buffer[end + 4..whole])?;
                buffer.drain(..whole);
                return Ok(Some(script));
            }
        }
        if buffer.len() > 1024 * 1024 {
            bail!("a request without end");
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

async fn answer(stream: &mut TcpStream, script: Script) -> anyhow::Result<()> {
    let token = chunk(&event(r#"{"content":"~word "}"#, "null", ""));
    let write = token.repeat(script.tokens_per_write);
    let first =
        HEAD.to_owned() + &chunk(&event(r#"{"role":"assistant","content":""}"#, "null", ""));
    let mut left = script.tokens;
    let mut bytes = first.into_bytes();
    let mut ticks = (!script.interval.is_zero()).then(|| {
        let mut ticks = tokio::time::interval(script.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        ticks
    });
    while left > 0 {
        let planned = match &mut ticks {
            Some(ticks) => Some(ticks.tick().await.into_std()),
            None => None,
        };
        let now = left.min(script.tokens_per_write);
        match planned.filter(|_| script.is_stamped) {
            Some(planned) => bytes.extend_from_slice(stamped(planned).repeat(now).as_bytes()),
            None => bytes.extend_from_slice(&write.as_bytes()[..token.len() * now]),
        }
        stream.write_all(&bytes).await?;
        bytes.clear();
        left -= now;
    }
    let usage = format!(
        r#","usage":{{"prompt_tokens":3,"completion_tokens":{0},"total_tokens":{0}}}"#,
        script.tokens
    );
    bytes.extend_from_slice(chunk(&event("{}", r#""stop""#, &usage)).as_bytes());
    bytes.extend_from_slice(chunk("data: [DONE]\n\n").as_bytes());
    bytes.extend_from_slice(b"0\r\n\r\n");
    stream.write_all(&bytes).await?;
    Ok(())
}

/// A token whose text is the mark and the planned time in microseconds.
fn stamped(planned: Instant) -> String {
    let delta = format!(
        r#"{{"content":"{}{} "}}"#,
        char::from(TOKEN_MARK),
        since_epoch(planned).as_micros()
    );
    chunk(&event(&delta, "null", ""))
}

fn event(delta: &str, finish_reason: &str, more: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"bench\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish_reason}}}]{more}}}\n\n"
    )
}

fn chunk(data: &str) -> String {
    format!("{:x}\r\n{data}\r\n", data.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_script_in_any_json_around_it() {
        let script = Script {
            tokens: 40,
            interval: Duration::from_millis(20),
            tokens_per_write: 8,
            is_stamped: true,
        };
        let body = format!(r#"{{"messages":[{{"content":"{}"}}]}}"#, script.text());
        assert_eq!(Script::find_in(body.as_bytes()).unwrap(), script);
    }
}
