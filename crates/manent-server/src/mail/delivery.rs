//! Sending, a few at a time, with bounded retries.

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use manent_accounts::ports::Mail;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::words::Writer;

/// Mails that are being sent at once.
const AT_ONCE: usize = 4;

/// How long to wait before each further try. A link that resets a password works for a quarter of an hour.
const WAITS: [Duration; 4] = [
    Duration::from_secs(2),
    Duration::from_secs(15),
    Duration::from_mins(1),
    Duration::from_mins(4),
];

/// Sends what is handed over.
pub(super) struct Delivery {
    pub(super) transport: AsyncSmtpTransport<Tokio1Executor>,
    pub(super) writer: Writer,
}

impl Delivery {
    /// Sends until nobody hands over any more.
    pub(super) async fn run(self, mut mails: mpsc::Receiver<Mail>) {
        let delivery = Arc::new(self);
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut sending = JoinSet::new();
        while let Some(mail) = mails.recv().await {
            while sending.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            let delivery = Arc::clone(&delivery);
            sending.spawn(async move {
                delivery.deliver(&mail).await;
                drop(place);
            });
        }
        while sending.join_next().await.is_some() {}
    }

    async fn deliver(&self, mail: &Mail) {
        let message = match self.writer.write(mail) {
            Ok(message) => message,
            Err(reason) => {
                tracing::warn!(reason, "a mail was not sent");
                return;
            }
        };
        let mut waits = WAITS.iter();
        let mut tries = 1;
        while let Err(error) = self.try_to_send(&message).await {
            let wait = waits.next().filter(|_| !error.is_permanent());
            let Some(wait) = wait else {
                let reason = describe(&error);
                tracing::warn!(reason, tries, "a mail was not sent");
                return;
            };
            tokio::time::sleep(*wait).await;
            tries += 1;
        }
    }

    async fn try_to_send(&self, message: &Message) -> Result<(), Error> {
        self.transport.send(message.clone()).await.map(drop)
    }
}

/// What went wrong, without the words of the mail server, which repeat addresses.
fn describe(error: &Error) -> String {
    if let Some(code) = error.status() {
        return format!("the mail server answered {code}");
    }
    let what = if error.is_timeout() {
        "the mail server took too long"
    } else if error.is_tls() {
        "the connection to the mail server could not be encrypted"
    } else if error.is_response() {
        "the mail server's answer was not understood"
    } else if error.is_client() {
        "the mail server does not offer what is configured"
    } else {
        "the mail server could not be reached"
    };
    what.to_owned()
}
