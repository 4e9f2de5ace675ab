//! A mail server on loopback that keeps what it is given.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// After so long a mail counts as lost.
const LONG: Duration = Duration::from_secs(30);

/// A mail as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    /// To whom.
    pub(crate) to: String,
    /// Head and body.
    pub(crate) text: String,
}

impl Arrived {
    /// The secret of the link with this before it.
    pub(crate) fn secret(&self, before: &str) -> String {
        let (_, rest) = self.text.split_once(before).unwrap_or_default();
        rest.lines().next().unwrap_or_default().trim().to_owned()
    }

    pub(crate) fn subject(&self) -> &str {
        let mut lines = self.text.lines();
        lines
            .find_map(|line| line.strip_prefix("Subject: "))
            .unwrap_or_default()
    }
}

/// The mail server.
pub(crate) struct Mailbox {
    port: u16,
    arrived: mpsc::UnboundedReceiver<Arrived>,
    /// Mails that are refused for a while, before one is taken.
    refusals: Arc<AtomicUsize>,
}

impl Mailbox {
    /// Listens.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (sender, arrived) = mpsc::unbounded_channel();
        let refusals = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&refusals);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, refusals) = (sender.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    // A client that goes away ends its conversation only.
                    let _ = talk(stream, &sender, &refusals).await;
                });
            }
        });
        Ok(Self {
            port,
            arrived,
            refusals,
        })
    }

    /// The configuration of a server that sends mail here.
    pub(crate) fn configuration(&self) -> String {
        format!(
            "public_url = \"http://127.0.0.1:1\"\n[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"Manent <manent@example.org>\"\n",
            self.port
        )
    }

    /// Refuses the next mails for a while.
    pub(crate) fn refuse(&self, count: usize) {
        self.refusals.store(count, Ordering::SeqCst);
    }

    /// The next mail.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Arrived> {
        let next = tokio::time::timeout(LONG, self.arrived.recv()).await?;
        next.ok_or_else(|| anyhow::anyhow!("the mail server ended"))
    }

    /// Whether nothing arrived that was not read.
    pub(crate) fn is_empty(&self) -> bool {
        self.arrived.is_empty()
    }
}

async fn talk(
    stream: TcpStream,
    sender: &mpsc::UnboundedSender<Arrived>,
    refusals: &AtomicUsize,
) -> anyhow::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example.org ESMTP\r\n").await?;
    let mut to = String::new();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let word = line.split(' ').next().unwrap_or_default().trim();
        let answer = match word.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => "250 mail.example.org",
            "RCPT" => {
                let address = line
                    .split_once('<')
                    .and_then(|(_, rest)| rest.split_once('>'));
                address
                    .map_or("", |(address, _)| address)
                    .clone_into(&mut to);
                let left = refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                });
                if left.is_ok() {
                    "451 try again later"
                } else {
                    "250 ok"
                }
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let text = message(&mut stream).await?;
                let to = std::mem::take(&mut to);
                // The test may have ended.
                let _ = sender.send(Arrived { to, text });
                "250 ok"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

async fn message(stream: &mut BufReader<TcpStream>) -> anyhow::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
