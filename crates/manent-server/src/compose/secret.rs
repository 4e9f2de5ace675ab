//! The server's secret: from the configuration or its file, and the one that the accounts of the store belong to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use manent_accounts::policy::AccountPolicy;
use manent_accounts::ports::{Clock, SecretRegistry};
use manent_accounts::server_secret::{SecretMark, SecretStanding};
use manent_accounts::services::{AccountPorts, SecretRotation, Unopened};
use manent_config::Config;
use manent_credentials::SystemEntropy;
use manent_credentials::server_secret::{ServerSecrets, load_or_create};
use manent_credentials::vault::SealingVault;

use super::accounts::AccountSetupError;

/// The file of the secret that the server makes itself, in the data directory.
const SECRET_FILE: &str = "secret.key";

/// Where the secret is that the server makes itself.
pub(super) fn own_file(config: &Config) -> PathBuf {
    config.data_dir.join(SECRET_FILE)
}

/// The secrets that a server starts with.
pub(super) struct Loaded {
    pub(super) secrets: ServerSecrets,
    /// The server's own file, which is not there yet. These secrets were made just now, and are not in it.
    missing: Option<PathBuf>,
}

/// The configured secrets, those of the server's own file, or new ones for it; the file itself is made by [`agree`].
pub(super) fn load(config: &Config) -> Result<Loaded, AccountSetupError> {
    if let Some(text) = &config.accounts.secret {
        let secrets = ServerSecrets::parse(text)?;
        return Ok(Loaded {
            secrets,
            missing: None,
        });
    }
    let path = own_file(config);
    // A link that leads nowhere is there: what it should lead to is missing, and reading it says so.
    if path.symlink_metadata().is_err() {
        return Ok(Loaded {
            secrets: ServerSecrets::generate(&SystemEntropy)?,
            missing: Some(path),
        });
    }
    let secrets = load_or_create(&path, &SystemEntropy)?.secrets;
    Ok(Loaded {
        secrets,
        missing: None,
    })
}

/// The store that the secrets have to fit.
pub(super) struct Fitting<'parts> {
    pub(super) registry: Arc<dyn SecretRegistry>,
    /// Whether other servers may use the store at the same time.
    pub(super) is_shared: bool,
    /// The ports of accounts; their vault is not looked at.
    pub(super) ports: &'parts AccountPorts,
    pub(super) clock: &'parts dyn Clock,
}

impl Fitting<'_> {
    /// Answers secrets with which everything that is stored can be opened, and registers them; refuses others. Makes the server's own file where
    /// there is none and none is missed.
    pub(super) async fn agree(&self, loaded: Loaded) -> Result<ServerSecrets, AccountSetupError> {
        let registered = self.registry.registered_secret().await?;
        if let Some(path) = loaded.missing {
            let unopened = self.unopened(&loaded.secrets).await?;
            if !unopened.is_empty() {
                return Err(AccountSetupError::SecretMissing { path, unopened });
            }
            let secrets = load_or_create(&path, &SystemEntropy)?.secrets;
            if registered.is_some() {
                tell_replaced();
            }
            self.registry
                .replace_secret(newest(&secrets), self.clock.now())
                .await?;
            return Ok(secrets);
        }
        let secrets = loaded.secrets;
        if registered.is_none() {
            // A store from before secrets were registered, or one that was moved here.
            let unopened = self.unopened(&secrets).await?;
            if !unopened.is_empty() {
                return Err(AccountSetupError::OtherSecret { unopened });
            }
        }
        let offered = marks(&secrets);
        let standing = self.registry.register_secret(offered, self.clock.now());
        match standing.await? {
            SecretStanding::Registered => {}
            SecretStanding::Foreign { registered } if self.is_shared => {
                return Err(AccountSetupError::ForeignSecret { registered });
            }
            SecretStanding::Misnumbered { registered } if self.is_shared => {
                return Err(AccountSetupError::MisnumberedSecret { registered });
            }
            SecretStanding::Foreign { .. } | SecretStanding::Misnumbered { .. } => {
                let unopened = self.unopened(&secrets).await?;
                if !unopened.is_empty() {
                    return Err(AccountSetupError::OtherSecret { unopened });
                }
                tell_replaced();
                let newest = newest(&secrets);
                self.registry
                    .replace_secret(newest, self.clock.now())
                    .await?;
            }
        }
        Ok(secrets)
    }

    async fn unopened(&self, secrets: &ServerSecrets) -> Result<Unopened, AccountSetupError> {
        let vault = SealingVault::new(secrets, Arc::new(SystemEntropy));
        let ports = AccountPorts {
            vault: Arc::new(vault),
            ..self.ports.clone()
        };
        let looked = SecretRotation::new(ports, Arc::new(AccountPolicy::default()));
        Ok(looked.unopened().await?)
    }
}

fn tell_replaced() {
    tracing::warn!(
        "the server has another secret than at its last start; nothing was encrypted with that one, and everybody has to sign in anew"
    );
}

fn newest(secrets: &ServerSecrets) -> SecretMark {
    SecretMark {
        number: secrets.number(),
        fingerprint: secrets.fingerprint().to_string(),
    }
}

fn marks(secrets: &ServerSecrets) -> Vec<SecretMark> {
    let fingerprints = secrets.fingerprints().into_iter();
    let marks = fingerprints.map(|(number, fingerprint)| SecretMark {
        number,
        fingerprint: fingerprint.to_string(),
    });
    marks.collect()
}

/// What is lost, in words.
pub(super) fn lost(unopened: &Unopened) -> String {
    format!(
        "{} second factors and {} keys for providers",
        unopened.second_factors, unopened.provider_keys
    )
}

/// Where the secret should be, in words.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}
