//! Mail that the server sends.

use super::{is_name, setting};
use crate::config::{Config, MailTls};
use crate::lists::is_domain_list;
use crate::setting::{Kind, Presence, Setting};

/// An address, or a name with an address in angle brackets. Whether it is one is finally decided where mail is made.
fn is_sender(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    let (name, domain) = address.rsplit_once('@').unwrap_or_default();
    is_name(text) && !name.is_empty() && !domain.contains(',') && is_domain_list(domain)
}

fn is_host(text: &str) -> bool {
    is_name(text)
        && !text.contains(|character: char| character.is_whitespace() || "/@,".contains(character))
}

pub(super) static SETTINGS: &[Setting<Config>] = &[
    setting(
        "mail.host",
        Presence::Optional("smtp.example.org"),
        Kind::Text {
            expects: "the name or address of a mail server",
            accepts: is_host,
            set: |config, value| config.mail.host = Some(value),
        },
        "The server that takes mail (SMTP). Without it no mail is sent: new addresses count as verified, and `manent user reset-password` prints links.",
    ),
    setting(
        "mail.port",
        Presence::Optional("587"),
        Kind::Whole {
            least: 1,
            most: 65_535,
            unit: "ports",
            set: |config, value| config.mail.port = u16::try_from(value).ok(),
        },
        "Its port. Without it: 587 with starttls, 465 with implicit, 25 with none.",
    ),
    setting(
        "mail.tls",
        Presence::Default("starttls"),
        Kind::Choice(&[
            ("starttls", |config| config.mail.tls = MailTls::StartTls),
            ("implicit", |config| config.mail.tls = MailTls::Implicit),
            ("none", |config| config.mail.tls = MailTls::None),
        ]),
        "How the connection is encrypted: after STARTTLS, from the first byte on, or not at all (for a server on this machine).",
    ),
    setting(
        "mail.user",
        Presence::Optional("manent"),
        Kind::Text {
            expects: "a name of at most 200 characters",
            accepts: is_name,
            set: |config, value| config.mail.user = Some(value),
        },
        "The name to sign in to it with. Without it nobody signs in.",
    ),
    setting(
        "mail.password",
        Presence::Optional("the password of that name"),
        Kind::Secret(|config, value| config.mail.password = Some(value)),
        "The password to sign in to it with.",
    ),
    setting(
        "mail.password_file",
        Presence::Optional("/run/secrets/mail"),
        Kind::SecretFile(|config, value| config.mail.password = Some(value)),
        "The same from a file.",
    ),
    setting(
        "mail.from",
        Presence::Optional("Manent <manent@example.org>"),
        Kind::Text {
            expects: "an e-mail address, or a name with an address in angle brackets",
            accepts: is_sender,
            set: |config, value| config.mail.from = Some(value),
        },
        "From whom mail is.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for good in [
            "manent@example.org",
            "Manent <manent@example.org>",
            "Büro <a@localhost>",
        ] {
            assert!(is_sender(good), "{good}");
        }
        for bad in [
            "",
            "manent",
            "@example.org",
            "a@",
            "Manent <a@b",
            "a@b\r\nBcc: c@d",
            "<>",
            "a@b,c",
        ] {
            assert!(!is_sender(bad), "{bad:?}");
        }
    }
}
