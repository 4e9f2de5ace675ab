//! `manent user …`.

use manent_accounts::account::{Account, AccountStatus};
use manent_accounts::role::RoleName;
use manent_accounts::services::NewPerson;
use manent_server::links;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::desk::{Desk, Missing, failure};
use super::table::{table, visible};
use super::{password, wait_for};
use crate::arguments::{
    AddUser, ChangeUser, DeleteUser, ListOptions, OneUser, ResetPassword, UserCommand,
};
use crate::console;
use crate::exit::Failure;

/// Runs a command.
pub(crate) fn run(command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Add(options) => {
            // Asked for before the store is opened, which somebody else may wait for.
            let password = new_password(&options)?;
            wait_for(add(options, password))
        }
        UserCommand::List(options) => wait_for(list(options)),
        UserCommand::Show(options) => wait_for(show(options)),
        UserCommand::ResetPassword(options) => {
            let password = if options.password_stdin {
                Some(password::from_standard_input()?)
            } else if options.prompt {
                password::from_terminal()?
            } else {
                None
            };
            wait_for(reset_password(options, password))
        }
        UserCommand::Delete(options) => wait_for(delete(options)),
        UserCommand::Disable(options) => wait_for(change(options, Change::Disable)),
        UserCommand::Enable(options) => wait_for(change(options, Change::Enable)),
        UserCommand::ResetTwoFactor(options) => wait_for(change(options, Change::ResetTwoFactor)),
        UserCommand::MakeAdmin(options) => wait_for(change(options, Change::MakeAdmin)),
        UserCommand::MakeUser(options) => wait_for(change(options, Change::MakeUser)),
        UserCommand::EndSessions(options) => wait_for(change(options, Change::EndSessions)),
    }
}

/// Absent: the person gets a link.
fn new_password(options: &AddUser) -> Result<Option<SecretString>, Failure> {
    if options.password_stdin {
        password::from_standard_input().map(Some)
    } else if options.link || !password::is_terminal() {
        Ok(None)
    } else {
        console::note("Without a password you get a link with which the person sets one.");
        password::from_terminal()
    }
}

async fn add(options: AddUser, password: Option<SecretString>) -> Result<(), Failure> {
    let role = match &options.role {
        _ if options.admin => RoleName::admin(),
        Some(name) => RoleName::parse(name).map_err(|error| Failure::Other(error.to_string()))?,
        None => RoleName::user(),
    };
    let name = options.name.unwrap_or_else(|| {
        let (name, _) = options
            .email
            .split_once('@')
            .unwrap_or((&options.email, ""));
        name.to_owned()
    });
    let wants_link = password.is_none();
    let person = NewPerson {
        name,
        username: options.username,
        email: options.email,
        password,
        role,
    };
    Desk::with(&options.settings, Missing::Make, async |desk| {
        let added = desk.accounts().add(&Desk::caller(), person).await;
        let account = added.map_err(|error| failure(&error))?;
        let kind = if account.role.is_admin() {
            "an administrator"
        } else {
            "a user"
        };
        console::note(&format!(
            "{} has an account now, as {kind} (id {}).",
            account.email.as_str(),
            account.id
        ));
        if wants_link {
            print_reset_link(desk, &account).await?;
        }
        desk.note_mode();
        Ok(())
    })
    .await
}

/// The link alone goes to standard output.
async fn print_reset_link(desk: &Desk, account: &Account) -> Result<(), Failure> {
    let link = desk
        .accounts()
        .reset_link(&Desk::caller(), account.id)
        .await;
    let link = link.map_err(|error| failure(&error))?;
    console::note(&format!(
        "With this link {} sets the password. It works once, until {}; `manent user reset-password` prints another one.",
        account.email.as_str(),
        link.expires_at
    ));
    let address = links::password_reset(&desk.address(), &link.secret);
    console::print(&format!("{}\n", address.expose_secret()));
    Ok(())
}

async fn list(options: ListOptions) -> Result<(), Failure> {
    let accounts = Desk::with(&options.settings, Missing::Refuse, async |desk| {
        desk.everybody().await
    })
    .await?;
    if options.json {
        let all: Vec<Value> = accounts.iter().map(as_json).collect();
        console::print(&format!("{:#}\n", json!({ "users": all })));
        return Ok(());
    }
    if accounts.is_empty() {
        console::note("There are no accounts yet; `manent user add` makes the first.");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = accounts
        .iter()
        .map(|account| {
            vec![
                account.email.as_str().to_owned(),
                account.name.as_str().to_owned(),
                account.role.to_string(),
                account.status.as_str().to_owned(),
                yes_or_no(account.two_factor.is_enabled()).to_owned(),
                account.created_at.to_string(),
                account.id.to_string(),
            ]
        })
        .collect();
    let headings = ["EMAIL", "NAME", "ROLE", "STATUS", "2FA", "CREATED", "ID"];
    console::print(&table(&headings, &rows));
    Ok(())
}

async fn show(options: OneUser) -> Result<(), Failure> {
    let outcome = Desk::with(&options.settings, Missing::Refuse, async |desk| {
        let account = desk.person(&options.person).await?;
        let ports = desk.ports();
        let store = |error: manent_accounts::ports::StoreError| failure(&error.into());
        let sessions = ports.sessions.list(account.id, ports.clock.now()).await;
        let keys = ports.api_keys.list(account.id).await;
        Ok((account, sessions.map_err(store)?, keys.map_err(store)?))
    })
    .await;
    let (account, sessions, keys) = outcome?;
    if options.json {
        let mut shown = as_json(&account);
        shown["sessions"] = json!(sessions.len());
        shown["keys"] = json!(keys.len());
        console::print(&format!("{shown:#}\n"));
        return Ok(());
    }
    let username = account.username.as_ref().map_or("", |name| name.as_str());
    let lines = [
        ("email", account.email.as_str().to_owned()),
        ("verified", yes_or_no(account.email_verified).to_owned()),
        ("name", account.name.as_str().to_owned()),
        ("user name", username.to_owned()),
        ("role", account.role.to_string()),
        ("status", account.status.as_str().to_owned()),
        ("provider", account.provider.as_str().to_owned()),
        ("password", yes_or_no(account.password.is_some()).to_owned()),
        (
            "two-factor",
            yes_or_no(account.two_factor.is_enabled()).to_owned(),
        ),
        ("sessions", sessions.len().to_string()),
        ("keys", keys.len().to_string()),
        ("created", account.created_at.to_string()),
        ("changed", account.updated_at.to_string()),
        ("id", account.id.to_string()),
    ];
    let text: Vec<String> = lines
        .iter()
        .map(|(name, value)| {
            format!("{name:<11}{}", visible(value))
                .trim_end()
                .to_owned()
                + "\n"
        })
        .collect();
    console::print(&text.concat());
    Ok(())
}

/// What is done to an account without more to say about it.
#[derive(Debug, Clone, Copy)]
enum Change {
    Disable,
    Enable,
    ResetTwoFactor,
    MakeAdmin,
    MakeUser,
    EndSessions,
}

async fn change(options: ChangeUser, change: Change) -> Result<(), Failure> {
    let outcome = Desk::with(&options.settings, Missing::Refuse, async |desk| {
        let account = desk.person(&options.person).await?;
        let done = apply(desk, &account, change).await;
        done.map_err(|error| failure(&error))
    })
    .await;
    console::note(&outcome?);
    Ok(())
}

async fn apply(
    desk: &Desk,
    account: &Account,
    change: Change,
) -> Result<String, manent_accounts::AccountError> {
    let (id, caller) = (account.id, Desk::caller());
    let email = account.email.as_str();
    Ok(match change {
        Change::Disable => {
            let disabled = AccountStatus::Disabled;
            desk.accounts().set_status(&caller, id, disabled).await?;
            format!(
                "{email} is disabled: signed out everywhere, keys are refused, everything is kept."
            )
        }
        Change::Enable => {
            let active = AccountStatus::Active;
            desk.accounts().set_status(&caller, id, active).await?;
            format!("{email} may sign in again.")
        }
        Change::ResetTwoFactor => {
            desk.two_factor().disable_for(&caller, id).await?;
            format!("{email} signs in without a second factor until a new one is set up.")
        }
        Change::MakeAdmin => {
            desk.accounts()
                .set_role(&caller, id, RoleName::admin())
                .await?;
            format!("{email} is an administrator.")
        }
        Change::MakeUser => {
            desk.accounts()
                .set_role(&caller, id, RoleName::user())
                .await?;
            format!("{email} is a user.")
        }
        Change::EndSessions => match desk.sessions().end_all_of(&caller, id).await? {
            1 => format!("{email}: 1 session ended."),
            ended => format!("{email}: {ended} sessions ended."),
        },
    })
}

async fn reset_password(
    options: ResetPassword,
    password: Option<SecretString>,
) -> Result<(), Failure> {
    Desk::with(&options.settings, Missing::Refuse, async |desk| {
        let account = desk.person(&options.person).await?;
        let Some(password) = password else {
            return print_reset_link(desk, &account).await;
        };
        desk.accounts()
            .set_password(&Desk::caller(), account.id, password)
            .await
            .map_err(|error| failure(&error))?;
        console::note(&format!(
            "{} has the new password and is signed out everywhere.",
            account.email.as_str()
        ));
        Ok(())
    })
    .await
}

async fn delete(options: DeleteUser) -> Result<(), Failure> {
    let account = Desk::with(&options.settings, Missing::Refuse, async |desk| {
        desk.person(&options.person).await
    })
    .await?;
    let email = account.email.as_str();
    if !options.yes {
        if !password::is_terminal() {
            return Err(Failure::Other(format!(
                "{email} would be deleted with everything that the account owns; say --yes to do it without being asked"
            )));
        }
        let question = format!(
            "This deletes {email} with all conversations, answers and keys, for ever. Type the e-mail address to go on:"
        );
        if password::ask(&question)?.to_lowercase() != email {
            return Err(Failure::Other("nothing was deleted".to_owned()));
        }
    }
    // Opened anew, so that nobody waits for the store while the question is thought about.
    Desk::with(&options.settings, Missing::Refuse, async |desk| {
        let deleted = desk
            .accounts()
            .delete_account(&Desk::caller(), account.id)
            .await;
        deleted.map_err(|error| failure(&error))
    })
    .await?;
    console::note(&format!(
        "{email} is deleted with everything that the account owned."
    ));
    Ok(())
}

fn as_json(account: &Account) -> Value {
    let username = account.username.as_ref().map(ToString::to_string);
    json!({
        "id": account.id,
        "email": account.email.as_str(),
        "emailVerified": account.email_verified,
        "name": account.name.as_str(),
        "username": username,
        "role": account.role.as_str(),
        "status": account.status.as_str(),
        "provider": account.provider.as_str(),
        "hasPassword": account.password.is_some(),
        "twoFactor": account.two_factor.is_enabled(),
        "createdAt": account.created_at,
        "updatedAt": account.updated_at,
    })
}

const fn yes_or_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
