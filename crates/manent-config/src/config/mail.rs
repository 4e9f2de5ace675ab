//! Mail that the server sends.

use secrecy::SecretString;

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// From the first byte on, usually on port 465.
    Implicit,
    /// After `STARTTLS`, without which nothing is sent; usually on port 587.
    StartTls,
    /// Not at all: for a server on this machine.
    None,
}

impl MailTls {
    /// The port that is usual for it.
    pub const fn usual_port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// Mail that the server sends: links that reset a password, verify an address, invite somebody.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The server that takes it; without one no mail is sent.
    pub host: Option<String>,
    /// Its port; absent: the one that is usual for [`Self::tls`].
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// The name to sign in with; without one nobody signs in.
    pub user: Option<String>,
    /// The password to sign in with; there is one where there is a name.
    pub password: Option<SecretString>,
    /// From whom it is, such as `Manent <manent@example.org>`; there is one where there is a host.
    pub from: Option<String>,
}

impl MailConfig {
    /// Without mail, to be overwritten by the defaults of the table of settings.
    pub(crate) fn blank() -> Self {
        Self {
            host: None,
            port: None,
            tls: MailTls::StartTls,
            user: None,
            password: None,
            from: None,
        }
    }
}
