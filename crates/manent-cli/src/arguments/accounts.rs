//! The arguments of the commands about people, keys, the audit log and the server's secret.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use manent_accounts::api_key::Scope;

use super::SettingsOptions;
use crate::accounts::when::When;

const USER_EXAMPLES: &str = "\
Examples:
  manent user add ada@example.org --admin       the first account; asks for its password
  manent user add bob@example.org --link        prints a link with which Bob sets his password
  manent user reset-password bob@example.org    the same for somebody who forgot it
  manent user disable bob@example.org           signs Bob out everywhere and keeps everything

These work beside a running server, which notices within 5 seconds, and each is in the audit log as
done on the command line. A person is named by e-mail address or by id.";

const KEY_EXAMPLES: &str = "\
Examples:
  manent key create backup --user ada@example.org --scope read
  manent key create bot --user ada@example.org --scope read,write,generate --expires 90d
  manent key list
  manent key revoke 019ddc0e-0000-7000-8000-000000000001

A program sends its key as `Authorization: Bearer mnt_…`. A key sees what its person sees.";

const AUDIT_EXAMPLES: &str = "\
Each entry of the log has the hash of the one before, so that changing or removing one shows. Whoever
writes down the last hash of `verify` elsewhere can tell later whether the log was made anew as a whole.";

#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = USER_EXAMPLES)]
pub(crate) struct UserOptions {
    #[command(subcommand)]
    pub(crate) command: UserCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account
    ///
    /// Asks for the password on the terminal. With --link, with an empty password, or without a terminal it prints a link
    /// instead with which the person sets one. The very first account is an administrator's and gets what was kept in the
    /// mode local.
    Add(AddUser),
    /// List all accounts
    List(ListOptions),
    /// Show one account
    Show(OneUser),
    /// Keep somebody out: ends all sessions, refuses all keys, keeps everything
    Disable(ChangeUser),
    /// Let somebody in again
    Enable(ChangeUser),
    /// Set somebody's password, or print a link with which they do
    ///
    /// Prints a link that works once and for a quarter of an hour. With --password-stdin or --prompt the password is set at
    /// once, and all sessions end.
    ResetPassword(ResetPassword),
    /// Switch off the second factor of somebody who lost the device and the backup codes
    ResetTwoFactor(ChangeUser),
    /// Make somebody an administrator
    MakeAdmin(ChangeUser),
    /// Make an administrator a user again
    MakeUser(ChangeUser),
    /// Sign somebody out everywhere; keys stay
    EndSessions(ChangeUser),
    /// Delete an account with everything that it owns: conversations, answers, keys
    Delete(DeleteUser),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("password").args(["password_stdin", "link"]))]
pub(crate) struct AddUser {
    /// The e-mail address, which counts as verified
    #[arg(value_name = "EMAIL")]
    pub(crate) email: String,
    /// The name that is shown (default: what stands before the @)
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A short name
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// An administrator
    #[arg(long, conflicts_with = "role")]
    pub(crate) admin: bool,
    /// The role [default: USER]
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Print a link with which the person sets the password
    #[arg(long)]
    pub(crate) link: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
pub(crate) struct OneUser {
    /// The e-mail address, or the id
    #[arg(value_name = "PERSON")]
    pub(crate) person: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ChangeUser {
    /// The e-mail address, or the id
    #[arg(value_name = "PERSON")]
    pub(crate) person: String,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("password").args(["password_stdin", "prompt"]))]
pub(crate) struct ResetPassword {
    /// The e-mail address, or the id
    #[arg(value_name = "PERSON")]
    pub(crate) person: String,
    /// Read the new password from the first line of standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Ask for the new password on the terminal
    #[arg(long)]
    pub(crate) prompt: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteUser {
    /// The e-mail address, or the id
    #[arg(value_name = "PERSON")]
    pub(crate) person: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = KEY_EXAMPLES)]
pub(crate) struct KeyOptions {
    #[command(subcommand)]
    pub(crate) command: KeyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key for a program and print it, once
    ///
    /// The key goes to standard output, what there is to say about it to standard error.
    Create(CreateKey),
    /// List the keys that were not revoked, without the keys themselves
    List(ListKeys),
    /// Take a key back
    Revoke(RevokeKey),
}

#[derive(Debug, Args)]
pub(crate) struct CreateKey {
    /// What the key is called
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Whose key, by e-mail address or id [default: the only account there is]
    #[arg(long, value_name = "PERSON")]
    pub(crate) user: Option<String>,
    /// What it may do; may be given several times, or with commas
    #[arg(
        long,
        value_name = "SCOPE",
        value_enum,
        required = true,
        value_delimiter = ','
    )]
    pub(crate) scope: Vec<ScopeArgument>,
    /// When it ends: 12h, 90d, or a time such as 2027-01-31T00:00:00Z [default: when it is revoked]
    #[arg(long, value_name = "WHEN", value_parser = When::parse)]
    pub(crate) expires: Option<When>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeArgument {
    /// Look at what is kept
    Read,
    /// Add to it and change it
    Write,
    /// Ask models
    Generate,
    /// Administer the server; only for keys of administrators
    Admin,
}

impl From<ScopeArgument> for Scope {
    fn from(scope: ScopeArgument) -> Self {
        match scope {
            ScopeArgument::Read => Self::Read,
            ScopeArgument::Write => Self::Write,
            ScopeArgument::Generate => Self::Generate,
            ScopeArgument::Admin => Self::Admin,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ListKeys {
    /// Only this person's, by e-mail address or id
    #[arg(long, value_name = "PERSON")]
    pub(crate) user: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeKey {
    /// The key's id, as `manent key list` shows it
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = AUDIT_EXAMPLES)]
pub(crate) struct AuditOptions {
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Read the whole log and say whether it is whole; exit code 1 if not
    Verify(ListOptions),
    /// Print entries, the newest first
    List(ListAudit),
}

#[derive(Debug, Args)]
pub(crate) struct ListAudit {
    /// Only what this person did, or what was done to them, by e-mail address or id
    #[arg(long, value_name = "PERSON")]
    pub(crate) user: Option<String>,
    /// Only entries of this kind, such as `signed_in` or `password_reset`
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Only entries with numbers below this one
    #[arg(long, value_name = "NUMBER")]
    pub(crate) before: Option<u64>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) limit: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct SecretOptions {
    #[command(subcommand)]
    pub(crate) command: SecretCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Put a new secret in front of the server's secrets
    ///
    /// Tokens are made and secrets are encrypted with the new one as soon as the server is started again; what was made with
    /// the older ones stays good, so nobody is signed out. Three steps: `manent secret rotate`, start every server again,
    /// `manent secret reseal`.
    Rotate(RotateSecret),
    /// Encrypt everything that is stored encrypted with the newest secret
    ///
    /// After `manent secret rotate`, and after every server was started again: one that was not cannot open what is
    /// encrypted here. Safe to stop and to repeat. When every sign-in from before has ended too (`accounts.session_life`), the
    /// older lines of the file may be deleted.
    Reseal(SettingsOptions),
    /// Go on with the configured secret although what is stored belongs to another one
    ///
    /// For when the secret is lost and the server does not start without it. What was encrypted with it stays closed: people
    /// whose second factor it was sign in with a backup code, or have it taken off (`manent user reset-two-factor`), and store
    /// their keys for providers again. Everybody is signed out. Where no secret is configured and `secret.key` is missing in
    /// the data directory, a new one is made. Stop the servers first.
    Adopt(SettingsOptions),
}

#[derive(Debug, Args)]
pub(crate) struct RotateSecret {
    /// The file with the secret, where `accounts.secret_file` names one [default: secret.key in the data directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}
