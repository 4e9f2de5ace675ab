//! The server's secret: from the configuration or its file, and the same for all servers of a database.

use manent_accounts::ports::Clock;
use manent_config::Config;
use manent_credentials::SystemEntropy;
use manent_credentials::server_secret::{ServerSecrets, load_or_create};
use manent_storage_postgres::{PostgresStore, SecretMark, SecretStanding};

use super::accounts::AccountSetupError;

/// The file of the secret that the server makes itself, in the data directory.
const SECRET_FILE: &str = "secret.key";

/// The configured secrets, or those of the server's own file.
pub(super) fn load(
    config: &Config,
    entropy: SystemEntropy,
) -> Result<ServerSecrets, AccountSetupError> {
    if let Some(text) = &config.accounts.secret {
        return Ok(ServerSecrets::parse(text)?);
    }
    let path = config.data_dir.join(SECRET_FILE);
    Ok(load_or_create(&path, &entropy)?.secrets)
}

/// Refuses secrets that the other servers of this database do not share.
pub(super) async fn agree(
    store: &PostgresStore,
    secrets: &ServerSecrets,
    clock: &dyn Clock,
) -> Result<(), AccountSetupError> {
    let marks = secrets.fingerprints().into_iter();
    let marks = marks.map(|(number, fingerprint)| SecretMark {
        number,
        fingerprint: fingerprint.to_string(),
    });
    match store.register_secret(marks.collect(), clock.now()).await? {
        SecretStanding::Registered => Ok(()),
        SecretStanding::Foreign { registered } => {
            Err(AccountSetupError::ForeignSecret { registered })
        }
        SecretStanding::Misnumbered { registered } => {
            Err(AccountSetupError::MisnumberedSecret { registered })
        }
    }
}
