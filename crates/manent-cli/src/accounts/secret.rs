//! `manent secret …`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use manent_config::Config;
use manent_credentials::SystemEntropy;
use manent_credentials::server_secret::{ServerSecrets, load_or_create, read_file, rotate_file};
use manent_credentials::vault::SealingVault;

use super::desk::{Desk, Missing, failure};
use super::no_tokens::NoVault;
use super::wait_for;
use crate::arguments::{RotateSecret, SecretCommand, SettingsOptions};
use crate::exit::Failure;
use crate::{configuration, console};

/// The file of the secret that the server makes itself, in the data directory.
const SECRET_FILE: &str = "secret.key";

/// Runs a command.
pub(crate) fn run(command: SecretCommand) -> Result<(), Failure> {
    match command {
        SecretCommand::Rotate(options) => rotate(&options),
        SecretCommand::Reseal(settings) => wait_for(reseal(settings)),
        SecretCommand::Adopt(settings) => wait_for(adopt(settings)),
    }
}

fn own_file(config: &Config) -> PathBuf {
    config.data_dir.join(SECRET_FILE)
}

fn rotate(options: &RotateSecret) -> Result<(), Failure> {
    let config = configuration::read(&options.settings)?;
    let path = match (&options.file, &config.accounts.secret) {
        (Some(path), _) => path.clone(),
        (None, None) => own_file(&config),
        (None, Some(_)) => {
            return Err(Failure::Other(
                "the secret is configured (accounts.secret or accounts.secret_file): name its file with --file. Where it stands in a variable, \
                 put a new one in front of it yourself, as `2:NEW 1:OLD`, each with a number; `openssl rand -hex 32` makes one"
                    .to_owned(),
            ));
        }
    };
    let rotated = rotate_file(&path, &SystemEntropy);
    let rotated = rotated.map_err(|error| Failure::Other(error.to_string()))?;
    console::note(&format!(
        "{} has secret number {} in front now. Start every server again that uses it; then run `manent secret reseal`.",
        path.display(),
        rotated.number()
    ));
    Ok(())
}

async fn reseal(settings: SettingsOptions) -> Result<(), Failure> {
    let config = configuration::read(&settings)?;
    let other = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    let secrets = if let Some(text) = &config.accounts.secret {
        ServerSecrets::parse(text).map_err(|error| other(&error))?
    } else {
        let path = own_file(&config);
        refuse_before_restart(&config, &path)?;
        read_file(&path).map_err(|error| other(&error))?.secrets
    };
    let vault = SealingVault::new(&secrets, Arc::new(SystemEntropy));
    let desk = Desk::with_vault(config, Missing::Refuse, Arc::new(vault)).await?;
    let rotated = desk.rotation().run(&Desk::caller()).await;
    desk.close().await;
    let rotated = rotated.map_err(|error| failure(&error))?;
    console::note(&format!(
        "With secret number {}: {} keys for providers and {} secrets of second factors were encrypted anew; everything else was already.",
        secrets.number(),
        rotated.provider_keys,
        rotated.two_factor_secrets
    ));
    Ok(())
}

async fn adopt(settings: SettingsOptions) -> Result<(), Failure> {
    let config = configuration::read(&settings)?;
    let other = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    let configured = config.accounts.secret.clone();
    let path = own_file(&config);
    // The store first: where there is none no secret is made.
    let vault = Arc::new(NoVault);
    let desk = Desk::with_vault(config, Missing::Refuse, vault).await?;
    let secrets = match &configured {
        Some(text) => ServerSecrets::parse(text).map_err(|error| other(&error)),
        None => load_or_create(&path, &SystemEntropy)
            .map(|loaded| loaded.secrets)
            .map_err(|error| other(&error)),
    };
    let adopted = match secrets {
        Ok(secrets) => desk.adopt(&secrets).await,
        Err(failure) => Err(failure),
    };
    desk.close().await;
    let (number, unopened) = adopted?;
    console::note(&format!(
        "Secret number {number} is the one of this database now. {} second factors and {} keys for providers do not open with it.",
        unopened.second_factors, unopened.provider_keys
    ));
    Ok(())
}

/// A server that was started before the secret was made could not open what is encrypted with it. It writes its lock when it starts.
fn refuse_before_restart(config: &Config, secret: &Path) -> Result<(), Failure> {
    let Some(directory) = config.sqlite_directory() else {
        return Ok(());
    };
    let lock = directory.join("manent.lock");
    let changed = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified());
    let (Ok(started), Ok(made)) = (changed(&lock), changed(secret)) else {
        return Ok(());
    };
    let is_held = std::fs::File::open(&lock)
        .is_ok_and(|file| matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)));
    if is_held && started < made {
        return Err(Failure::Other(
            "the running server was started before its newest secret was made and could not open what is encrypted with it: start it again, then run this again"
                .to_owned(),
        ));
    }
    Ok(())
}
