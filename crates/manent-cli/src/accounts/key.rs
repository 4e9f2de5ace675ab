//! `manent key …`.

use manent_accounts::account::Account;
use manent_accounts::api_key::{ApiKey, Scope, Scopes};
use manent_types::ApiKeyId;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::desk::{Desk, Missing, failure};
use super::table::table;
use super::wait_for;
use crate::arguments::{CreateKey, KeyCommand, ListKeys, RevokeKey};
use crate::console;
use crate::exit::Failure;

/// Runs a command.
pub(crate) fn run(command: KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::Create(options) => wait_for(create(options)),
        KeyCommand::List(options) => wait_for(list(options)),
        KeyCommand::Revoke(options) => wait_for(revoke(options)),
    }
}

async fn create(options: CreateKey) -> Result<(), Failure> {
    let outcome = Desk::with(&options.settings, Missing::Refuse, async |desk| {
        let owner = match &options.user {
            Some(name) => desk.person(name).await?,
            None => only_account(desk).await?,
        };
        let now = desk.ports().clock.now();
        let expires_at = options.expires.map(|when| when.after(now));
        let scopes: Scopes = options.scope.iter().copied().map(Scope::from).collect();
        let made = desk
            .keys()
            .create_for(&Desk::caller(), owner.id, &options.name, scopes, expires_at)
            .await
            .map_err(|error| failure(&error))?;
        Ok((owner, made))
    })
    .await;
    let (owner, made) = outcome?;
    let secret = made.secret.expose_secret();
    if options.json {
        let mut shown = as_json(&owner, &made.key);
        shown["secret"] = json!(secret);
        console::print(&format!("{shown:#}\n"));
    } else {
        console::note(&format!(
            "The key {:?} of {} (id {}); it is shown this once and kept nowhere:",
            made.key.name,
            owner.email.as_str(),
            made.key.id
        ));
        console::print(&format!("{secret}\n"));
    }
    Ok(())
}

async fn only_account(desk: &Desk) -> Result<Account, Failure> {
    let mut accounts = desk.everybody().await?;
    match (accounts.pop(), accounts.is_empty()) {
        (Some(account), true) => Ok(account),
        (Some(_), false) => Err(Failure::Other(
            "there are several accounts: say whose key it is to be with --user".to_owned(),
        )),
        (None, _) => Err(Failure::Other(
            "there are no accounts yet; `manent user add` makes the first".to_owned(),
        )),
    }
}

async fn list(options: ListKeys) -> Result<(), Failure> {
    let found = Desk::with(&options.settings, Missing::Refuse, async |desk| {
        keys_of(desk, options.user.as_deref()).await
    })
    .await?;
    if options.json {
        let all: Vec<Value> = found
            .iter()
            .map(|(owner, key)| as_json(owner, key))
            .collect();
        console::print(&format!("{:#}\n", json!({ "keys": all })));
        return Ok(());
    }
    if found.is_empty() {
        console::note("There are no keys; `manent key create` makes one.");
        return Ok(());
    }
    let time = |time: Option<manent_types::Timestamp>, absent: &str| {
        time.map_or_else(|| absent.to_owned(), |time| time.to_string())
    };
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|(owner, key)| {
            vec![
                key.name.clone(),
                owner.email.as_str().to_owned(),
                key.scopes.to_text().replace(' ', ","),
                key.created_at.to_string(),
                time(key.last_used_at, "never"),
                time(key.expires_at, "never"),
                key.id.to_string(),
            ]
        })
        .collect();
    let headings = ["NAME", "USER", "SCOPES", "CREATED", "USED", "EXPIRES", "ID"];
    console::print(&table(&headings, &rows));
    Ok(())
}

async fn keys_of(desk: &Desk, person: Option<&str>) -> Result<Vec<(Account, ApiKey)>, Failure> {
    let owners = match person {
        Some(name) => vec![desk.person(name).await?],
        None => desk.everybody().await?,
    };
    let service = desk.keys();
    let mut found = Vec::new();
    for owner in owners {
        let keys = service.list_of(&Desk::caller(), owner.id).await;
        let keys = keys.map_err(|error| failure(&error))?;
        found.extend(keys.into_iter().map(|key| (owner.clone(), key)));
    }
    Ok(found)
}

async fn revoke(options: RevokeKey) -> Result<(), Failure> {
    let id: ApiKeyId = options.id.parse().map_err(|_| {
        Failure::Other(format!(
            "{:?} is no id of a key; `manent key list` shows them",
            options.id
        ))
    })?;
    let outcome = Desk::with(&options.settings, Missing::Refuse, async |desk| {
        let found = desk.ports().api_keys.find(id).await;
        let found = found.map_err(|error| failure(&error.into()))?;
        let (key, owner) = found.ok_or_else(|| {
            Failure::Other(format!(
                "there is no key {id}; `manent key list` shows them"
            ))
        })?;
        let revoked = desk.keys().revoke_for(&Desk::caller(), key.owner, id).await;
        let key = revoked.map_err(|error| failure(&error))?;
        Ok(format!(
            "The key {:?} of {} is taken back.",
            key.name,
            owner.email.as_str()
        ))
    })
    .await;
    console::note(&outcome?);
    Ok(())
}

fn as_json(owner: &Account, key: &ApiKey) -> Value {
    let scopes: Vec<&str> = key.scopes.iter().map(Scope::as_str).collect();
    json!({
        "id": key.id,
        "name": key.name,
        "user": {"id": owner.id, "email": owner.email.as_str()},
        "scopes": scopes,
        "createdAt": key.created_at,
        "lastUsedAt": key.last_used_at,
        "expiresAt": key.expires_at,
    })
}
