//! Mail.

use manent_types::UserId;
use secrecy::SecretString;

use crate::email::EmailAddress;

/// What a mail says.
#[derive(Debug, Clone)]
pub enum MailContent {
    /// Here is a link that sets a new password.
    PasswordReset {
        /// The account, which stands in the link beside the secret.
        account: UserId,
        /// The link's secret.
        secret: SecretString,
    },
    /// Here is a link that shows that the address is yours.
    EmailVerification {
        /// The link's secret.
        secret: SecretString,
    },
    /// Somebody tried to sign up with your address, which has an account already.
    SignUpWithKnownAddress,
    /// You are invited; here is the link.
    Invitation {
        /// The link's secret.
        secret: SecretString,
    },
    /// Your password was changed; if it was not you, do this.
    PasswordChanged,
}

/// A mail to one person. The shell has its words, its links and its sender.
#[derive(Debug, Clone)]
pub struct Mail {
    /// To whom.
    pub to: EmailAddress,
    /// The name to greet with, where it is known.
    pub name: Option<String>,
    /// What it says.
    pub content: MailContent,
}

/// Sends mail. Hands over and goes, at once and without failing: a mail that cannot be sent is logged (without its content) and tried again
/// by the shell, and the time that it takes tells nobody whether an account exists.
pub trait Mailer: Send + Sync {
    /// Whether mail is configured. Where it is not, new addresses count as verified, and links are printed by commands of the server.
    fn is_configured(&self) -> bool;

    /// Takes a mail.
    fn send(&self, mail: Mail);
}
