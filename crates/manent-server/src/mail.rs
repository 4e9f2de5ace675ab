//! Mail: what the services hand over is written, and sent in the background.
//!
//! Invariants:
//! - nobody waits for a mail, and its time tells nobody anything;
//! - a mail is tried a bounded number of times; one that cannot be sent is logged once, without its address, its words and its link;
//! - nothing that a stranger typed stands in a mail: whoever registers with somebody else's address must not write to them in our name.

mod delivery;
mod words;

use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use manent_accounts::ports::{Clock, IdSource, Mail, Mailer};
use manent_config::{MailConfig, MailTls};
use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::delivery::Delivery;
use self::words::Writer;

/// How many mails may wait; more are dropped, which the log tells.
const WAITING: usize = 1_000;

/// How long one try may take.
const TRY: Duration = Duration::from_secs(20);

/// Mail cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    /// The sender's address is none.
    #[error("`mail.from` is no address that mail can be from: {0}")]
    From(lettre::address::AddressError),
    /// The server's name is none.
    #[error("`mail.host` cannot be used for encrypted connections: {0}")]
    Host(lettre::transport::smtp::Error),
}

/// Hands mail over to the background.
pub(crate) struct QueuedMailer(mpsc::Sender<Mail>);

impl Mailer for QueuedMailer {
    fn is_configured(&self) -> bool {
        true
    }

    fn send(&self, mail: Mail) {
        if self.0.try_send(mail).is_err() {
            tracing::warn!("a mail was not sent: too many wait already");
        }
    }
}

/// No mail is configured: links are printed by commands of the server.
pub(crate) struct NoMail;

impl Mailer for NoMail {
    fn is_configured(&self) -> bool {
        false
    }

    fn send(&self, _: Mail) {}
}

/// What mail needs beside its configuration.
pub(crate) struct MailParts<'parts> {
    /// Under which address people reach the server.
    pub(crate) address: &'parts str,
    /// The time, for the date of a mail.
    pub(crate) clock: Arc<dyn Clock>,
    /// The ids of mails.
    pub(crate) ids: Arc<dyn IdSource>,
    /// Where the background work runs.
    pub(crate) tasks: &'parts TaskTracker,
    /// Ends it; what waits then is lost.
    pub(crate) background: &'parts CancellationToken,
}

/// The mailer of this configuration, with its background work.
pub(crate) fn set_up(
    config: &MailConfig,
    parts: MailParts<'_>,
) -> Result<Arc<dyn Mailer>, MailSetupError> {
    let (Some(host), Some(from)) = (&config.host, &config.from) else {
        return Ok(Arc::new(NoMail));
    };
    let from: Mailbox = from.parse().map_err(MailSetupError::From)?;
    let tls = || TlsParameters::new(host.clone()).map_err(MailSetupError::Host);
    let tls = match config.tls {
        MailTls::Implicit => Tls::Wrapper(tls()?),
        MailTls::StartTls => Tls::Required(tls()?),
        MailTls::None => Tls::None,
    };
    let port = config.port.unwrap_or_else(|| config.tls.usual_port());
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.as_str())
        .port(port)
        .tls(tls)
        .timeout(Some(TRY))
        .hello_name(ClientId::Domain(from.email.domain().to_owned()));
    if let (Some(user), Some(password)) = (&config.user, &config.password) {
        let password = password.expose_secret().to_owned();
        transport = transport.credentials(Credentials::new(user.clone(), password));
    }
    let delivery = Delivery {
        transport: transport.build(),
        writer: Writer {
            from,
            address: parts.address.to_owned(),
            clock: parts.clock,
            ids: parts.ids,
        },
    };
    let (sender, mails) = mpsc::channel(WAITING);
    let work = delivery.run(mails);
    let end = parts.background.clone();
    parts.tasks.spawn(async move {
        tokio::select! {
            () = work => {}
            () = end.cancelled() => {}
        }
    });
    Ok(Arc::new(QueuedMailer(sender)))
}
