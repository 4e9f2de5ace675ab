//! Connections, encrypted as the address asks for.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::tls::{MakeTlsConnect, NoTls};
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::address::Address;
use crate::error::describe;
use crate::open_error::OpenError;
use crate::tls;

/// Between two tries to reach a database that is not there yet.
const RETRY: Duration = Duration::from_millis(250);

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) config: Config,
    pub(crate) tls: Option<MakeRustlsConnect>,
    /// Host, port and database, for people.
    pub(crate) place: String,
}

/// A connection whose other half, which must be driven, is given to the caller.
pub(crate) enum Driver {
    Plain(Box<Connection<Socket, <NoTls as MakeTlsConnect<Socket>>::Stream>>),
    Encrypted(Box<Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>>),
}

impl Connector {
    pub(crate) fn new(address: Address) -> Result<Self, OpenError> {
        let tls = tls::client_config(&address)?.map(MakeRustlsConnect::new);
        Ok(Self {
            config: address.config,
            tls,
            place: address.place,
        })
    }

    /// One connection, one try.
    pub(crate) async fn connect(&self) -> Result<(Client, Driver), tokio_postgres::Error> {
        match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                Ok((client, Driver::Plain(Box::new(connection))))
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                Ok((client, Driver::Encrypted(Box::new(connection))))
            }
        }
    }

    /// One connection, tried again until the time is over while nobody answers, or the server that answers is still starting.
    pub(crate) async fn connect_patiently(
        &self,
        patience: Duration,
    ) -> Result<(Client, Driver), OpenError> {
        let end = Instant::now() + patience;
        let mut is_told = false;
        loop {
            let error = match self.connect().await {
                Ok(connected) => return Ok(connected),
                Err(error) => error,
            };
            let detail = describe(&error);
            let is_passing = is_passing(&error);
            if !is_passing {
                return Err(OpenError::Refused {
                    place: self.place.clone(),
                    detail,
                });
            }
            if Instant::now() + RETRY > end {
                return Err(OpenError::Unreachable {
                    place: self.place.clone(),
                    detail,
                });
            }
            if !is_told {
                tracing::warn!(place = %self.place, error = %detail, "Postgres cannot be reached; trying again");
                is_told = true;
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Whether the same may go well later: nobody answers, or somebody who is still starting.
fn is_passing(error: &tokio_postgres::Error) -> bool {
    if let Some(error) = error.as_db_error() {
        let code = error.code().code();
        return code.starts_with("57P") || code.starts_with("53");
    }
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    match source {
        // A handshake that failed speaks of invalid data.
        Some(error) => !matches!(
            std::io::Error::kind(error),
            ErrorKind::InvalidData | ErrorKind::InvalidInput
        ),
        None => error.is_closed(),
    }
}
