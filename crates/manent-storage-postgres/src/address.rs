//! The address of the database, taken apart.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use url::form_urlencoded;

use crate::open_error::OpenError;

/// How the connection is encrypted, as `libpq` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whose signatures on a server's certificate count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authorities {
    /// None were named.
    Unnamed,
    /// The machine's own.
    System,
    /// Those of a file in PEM.
    File(PathBuf),
}

/// A database, and how to get to it.
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) encryption: Encryption,
    pub(crate) authorities: Authorities,
    /// Host, port and database, for people.
    pub(crate) place: String,
}

impl Address {
    /// Takes an address apart. No error repeats the address, which may hold a password.
    pub(crate) fn parse(url: &SecretString, connect_timeout: Duration) -> Result<Self, OpenError> {
        let url = url.expose_secret();
        let complain = |detail: &str| OpenError::Address {
            detail: detail.to_owned(),
        };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(complain(
                "is no address of Postgres; write postgres://USER:PASSWORD@HOST:PORT/DATABASE",
            ));
        }
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut encryption = None;
        let mut authorities = Authorities::Unnamed;
        let mut others = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "sslmode" => {
                    encryption = Some(Encryption::named(&value).ok_or_else(|| {
                        complain(
                            "has an sslmode that is not one of disable, prefer, require, verify-ca, verify-full",
                        )
                    })?);
                }
                "sslrootcert" if value == "system" => authorities = Authorities::System,
                "sslrootcert" => authorities = Authorities::File(PathBuf::from(&*value)),
                _ => {
                    others.append_pair(&name, &value);
                }
            }
        }
        // The driver does not read a plus as a space.
        let others = others.finish().replace('+', "%20");
        let mut config: Config = format!("{base}?{others}").parse().map_err(|error| {
            let detail = match std::error::Error::source(&error) {
                Some(source) => format!("cannot be read: {source}"),
                None => format!("cannot be read: {error}"),
            };
            OpenError::Address { detail }
        })?;
        // As libpq: with the authorities of the system, nothing less than the host's name will do.
        let default = match authorities {
            Authorities::System => Encryption::VerifyFull,
            _ => Encryption::Prefer,
        };
        let encryption = encryption.unwrap_or(default);
        if authorities == Authorities::System && encryption != Encryption::VerifyFull {
            return Err(complain(
                "has sslrootcert=system, which goes with sslmode=verify-full only",
            ));
        }
        if encryption == Encryption::VerifyCa && authorities == Authorities::Unnamed {
            return Err(complain(
                "has sslmode=verify-ca, which needs sslrootcert=FILE with the authority's certificate",
            ));
        }
        config.ssl_mode(match encryption {
            Encryption::Disable => SslMode::Disable,
            Encryption::Prefer => SslMode::Prefer,
            Encryption::Require | Encryption::VerifyCa | Encryption::VerifyFull => SslMode::Require,
        });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(connect_timeout);
        }
        if config.get_application_name().is_none() {
            config.application_name("manent");
        }
        if config.get_hosts().len() > 1 {
            // After a failover the old server may answer first.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        config.keepalives_idle(Duration::from_secs(30));
        let place = place(&config);
        Ok(Self {
            config,
            encryption,
            authorities,
            place,
        })
    }
}

impl Encryption {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "disable" => Self::Disable,
            // Without its fine difference: who allows both prefers the safe one.
            "allow" | "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

fn place(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(index, host)| {
            let ports = config.get_ports();
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                #[cfg(unix)]
                Host::Unix(path) => path.display().to_string(),
            }
        })
        .collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or("");
    format!("{}/{database}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, OpenError> {
        Address::parse(&SecretString::from(url), Duration::from_secs(5))
    }

    #[test]
    fn reads_what_libpq_reads() {
        let address =
            parse("postgres://me:hunter2@db.example:5433/manent?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&application_name=my%20app")
                .unwrap();
        assert_eq!(address.place, "db.example:5433/manent");
        assert_eq!(address.encryption, Encryption::VerifyFull);
        assert_eq!(
            address.authorities,
            Authorities::File(PathBuf::from("/etc/ca.pem"))
        );
        assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(address.config.get_application_name(), Some("my app"));
        let plain = parse("postgresql://me@db/manent").unwrap();
        assert_eq!(plain.encryption, Encryption::Prefer);
        let socket = parse("postgresql:///manent?host=/run/postgresql&user=me").unwrap();
        assert_eq!(socket.place, "/run/postgresql/manent");
    }

    #[test]
    fn complains_without_repeating_the_password() {
        for url in [
            "postgres://me:hunter2@db/manent?sslmode=yes",
            "postgres://me:hunter2@db/manent?sslmode=verify-ca",
            "postgres://me:hunter2@db/manent?sslrootcert=system&sslmode=require",
            "postgres://me:hunter2@db/manent?nonsense=1",
            "postgres://me:hunter2@db:port/manent",
            "mysql://me:hunter2@db/manent",
        ] {
            let Err(error) = parse(url) else {
                panic!("{url} was taken");
            };
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
