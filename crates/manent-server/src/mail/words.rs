//! What mails say.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::Message;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, header};
use manent_accounts::ports::{Clock, IdSource, Mail, MailContent};
use secrecy::{ExposeSecret, SecretString};

use crate::links;

/// Writes mails.
pub(super) struct Writer {
    /// From whom they are.
    pub(super) from: Mailbox,
    /// Under which address people reach the server.
    pub(super) address: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
}

impl Writer {
    /// The whole message. The error does not repeat the address.
    pub(super) fn write(&self, mail: &Mail) -> Result<Message, &'static str> {
        let to = mail.to.as_str().parse();
        let to = to.map_err(|_| "its address is none that mail can go to")?;
        let (subject, text) = self.words(&mail.content);
        let id = format!("<{}@{}>", self.ids.next(), self.from.email.domain());
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .date(self.now())
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN)
            .header(header::MIME_VERSION_1_0)
            .body(body(text.expose_secret()))
            .map_err(|_| "it could not be written")?;
        // So that nobody's absence is announced to us.
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        let value = HeaderValue::new(name, "auto-generated".to_owned());
        message.headers_mut().insert_raw(value);
        Ok(message)
    }

    fn now(&self) -> SystemTime {
        let milliseconds = self.clock.now().as_millisecond().max(0);
        UNIX_EPOCH + Duration::from_millis(milliseconds.unsigned_abs())
    }

    fn words(&self, content: &MailContent) -> (&'static str, SecretString) {
        let address = &self.address;
        let with = |before: &str, link: &SecretString, after: &str| {
            SecretString::from(format!(
                "Hello,\n\n{before}\n\n{}\n\n{after}\n",
                link.expose_secret()
            ))
        };
        match content {
            MailContent::PasswordReset { secret, .. } => (
                "Set a new password",
                with(
                    &format!(
                        "somebody, perhaps you, asked for a new password at {address}. With this link you set it:"
                    ),
                    &links::password_reset(address, secret),
                    "The link works once, and for a quarter of an hour. If it was not you, do nothing: your password stays as it is.",
                ),
            ),
            MailContent::EmailVerification { secret } => (
                "Is this your e-mail address?",
                with(
                    &format!(
                        "somebody, perhaps you, registered at {address} with this e-mail address. With this link you say that it is yours:"
                    ),
                    &links::email_verification(address, secret),
                    "The link works once, and for a day. If it was not you, do nothing: nobody can sign in with your address before that.",
                ),
            ),
            MailContent::Invitation { secret } => (
                "You are invited",
                with(
                    &format!("you are invited to {address}. With this link you register:"),
                    &links::invitation(address, secret),
                    "The link works once, and for a week.",
                ),
            ),
            MailContent::SignUpWithKnownAddress => (
                "You have an account already",
                SecretString::from(format!(
                    "Hello,\n\nsomebody, perhaps you, tried to register at {address} with this e-mail address, which has an account already.\n\n\
                     If it was you, sign in with it; if the password is forgotten, ask there for a new one. If it was not you, do nothing: nothing \
                     was changed.\n"
                )),
            ),
            MailContent::PasswordChanged => (
                "Your password was changed",
                SecretString::from(format!(
                    "Hello,\n\nthe password of your account at {address} was changed, and whoever was signed in elsewhere is signed out.\n\n\
                     If it was not you, set a new one at once: ask there for a new password, and tell whoever runs the server.\n"
                )),
            ),
        }
    }
}

/// The longest line that mail may have, with room for its end.
const LONGEST_LINE: usize = 990;

/// As it is where that can be: a link that is cut into lines and escaped is copied wrong by people and by programs.
fn body(text: &str) -> Body {
    if text.is_ascii() && text.lines().all(|line| line.len() <= LONGEST_LINE) {
        let lines = text.replace('\n', "\r\n").into_bytes();
        Body::dangerous_pre_encoded(lines, ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use manent_accounts::email::EmailAddress;
    use manent_types::UserId;
    use uuid::Uuid;

    use super::*;
    use crate::environment::{RandomIds, SystemClock};

    fn writer() -> Writer {
        Writer {
            from: "Manent <manent@example.org>".parse().unwrap(),
            address: "https://chat.example.org".to_owned(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
        }
    }

    fn written(name: Option<&str>, content: MailContent) -> String {
        let mail = Mail {
            to: EmailAddress::parse("ada@example.com").unwrap(),
            name: name.map(str::to_owned),
            content,
        };
        let message = writer().write(&mail).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn a_mail_has_its_link_whole_and_nothing_that_a_stranger_typed() {
        let secret = SecretString::from("s".repeat(43));
        let contents = [
            (
                MailContent::PasswordReset {
                    account: UserId::new(Uuid::from_u128(1)),
                    secret: secret.clone(),
                },
                Some("reset-password#token="),
            ),
            (
                MailContent::EmailVerification {
                    secret: secret.clone(),
                },
                Some("verify-email#token="),
            ),
            (
                MailContent::Invitation {
                    secret: secret.clone(),
                },
                Some("register#invitation="),
            ),
            (MailContent::SignUpWithKnownAddress, None),
            (MailContent::PasswordChanged, None),
        ];
        for (content, link) in contents {
            let mail = written(Some("Buy at https://spam.example"), content);
            assert!(!mail.contains("spam"), "{mail}");
            assert!(
                mail.contains("From: Manent <manent@example.org>\r\n"),
                "{mail}"
            );
            assert!(mail.contains("To: ada@example.com\r\n"), "{mail}");
            assert!(
                mail.contains("Auto-Submitted: auto-generated\r\n"),
                "{mail}"
            );
            if let Some(link) = link {
                let whole = format!("\r\nhttps://chat.example.org/{link}{}\r\n", "s".repeat(43));
                assert!(mail.contains(&whole), "{mail}");
            }
        }
    }
}
