//! The arguments, and the help.

mod accounts;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use secrecy::SecretString;

pub(crate) use accounts::{
    AddUser, AuditCommand, AuditOptions, ChangeUser, CreateKey, DeleteUser, KeyCommand, KeyOptions,
    ListAudit, ListKeys, ListOptions, OneUser, ResetPassword, RevokeKey, RotateSecret,
    SecretCommand, SecretOptions, UserCommand, UserOptions,
};

const ABOUT: &str = "Manent, a chat backend that keeps every word";

const LONG_ABOUT: &str = "\
Manent, a chat backend that keeps every word: one program with its database and its page.

It needs no configuration. Without a model to talk to, a built-in demonstration answers and says
how to connect one.";

const AFTER_HELP: &str = "\
Examples:
  manent serve                                        start, then open http://127.0.0.1:3080
  ANTHROPIC_API_KEY=… manent serve                    talk to Claude
  OPENAI_BASE_URL=http://127.0.0.1:11434/v1 manent serve
                                                      talk to a local model, here by Ollama
  manent serve --data-dir ./data --listen 127.0.0.1:0 keep the data here, take any free port
  manent chat                                         talk in the terminal
  manent config check                                 explain every mistake of the configuration
  manent config sample > manent.toml                  begin a configuration file
  manent doctor                                       say how everything stands
  manent user add me@example.org --admin              make the first account, for --mode accounts
  manent migrate --to postgres://USER:PASSWORD@HOST/DATABASE
                                                      move everything to Postgres

Configuration, later wins: defaults, the file, variables, flags.
  file        --config, else MANENT_CONFIG, else ./manent.toml, else the platform's own place
              (`manent config path` tells)
  variables   MANENT_LISTEN, MANENT_DATA_DIR, MANENT_LOG, and MANENT_SECTION__KEY for the rest;
              ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, OPENAI_API_KEY, OPENAI_BASE_URL

Where the data lies: the data_dir that `manent config show` prints. Without another choice it is
~/.local/share/manent on Linux, ~/Library/Application Support/manent on macOS. It is one directory
with one SQLite database and the journal of what waits for it; copy it while Manent is stopped, and
everything is in the copy. With database.url = postgres://… conversations are kept there instead.

Exit codes:
  0  it did what was asked, or was stopped by a signal
  1  the configuration, or a rules file, has mistakes; or `doctor` or `audit verify`
     found a problem
  2  the command line is wrong
  3  the store or the journal cannot be opened
  4  the address cannot be listened on
  5  anything else
  6  `chat` with lines from a pipe: something is not saved yet, was refused, or waits in an outbox
     of a newer version; or an answer has not come, or is not whole
  130, 143  ended at once by a second Ctrl-C or SIGTERM";

const CHAT_EXAMPLES: &str = "\
Examples:
  manent chat                                   talk to the server on this machine
  manent chat --url https://example.org         talk to another one
  manent chat --key-file key                    talk to one where people have accounts; `manent key create`
                                                makes a key with the scopes read,write,generate
  echo 'What stays?' | manent chat --new        one question, one answer
  manent chat < /dev/null                       only send what waits, and fetch the answers";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "manent",
    version,
    about = ABOUT,
    long_about = LONG_ABOUT,
    after_long_help = AFTER_HELP,
    after_help = "`manent --help` has examples, the environment, exit codes and where the data lies.",
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 104
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server with its page
    ///
    /// Prints `Manent is ready at http://ADDRESS` on standard output as soon as connections are accepted; logs go to
    /// standard error. Ctrl-C or SIGTERM takes nothing new and lets running answers finish for a bounded time
    /// (`http.shutdown_grace`); what is left then is kept and marked as interrupted. A second one ends at once; what was
    /// answered as stored is stored.
    Serve(SettingsOptions),
    /// Chat in the terminal, also without a network
    ///
    /// What you write is safe on this device at once, in an outbox of its own for each server. It reaches the server when that can be
    /// reached, once and in order, and the answer is brought back, also after this program was killed in the middle of it.
    ///
    /// Lines that begin with / are commands: /help lists them. Ctrl-C stops the answer that is coming, a second one leaves; what is
    /// not saved by then goes out the next time. With lines from a pipe the answers, and nothing else, go to standard output; the exit
    /// code is 6 when something is not saved at the end, or an answer is missing or not whole. An answer that brings nothing for two
    /// minutes is left for the next start. /quit does not wait for one that is held up.
    Chat(ChatOptions),
    /// Explain the configuration
    Config(ConfigOptions),
    /// Say how everything stands, and what to do about what is wrong
    ///
    /// Looks at the configuration, the data directory, the store and the journal without starting the server and without
    /// changing anything. When the server runs, it is asked instead. Exit code 1 when there is a problem.
    Doctor(DoctorOptions),
    /// Bring the store up to date, or move everything to another one
    ///
    /// Alone: runs the migrations that the configured store is waiting for, as every start does, and says so. With --from
    /// and --to: copies everything, then reads both stores again and compares counts and hashes; stop the server first. The
    /// source stays as it is. A move that was interrupted goes on where it stopped when it is started again.
    Migrate(MigrateOptions),
    /// Make, list and change the accounts of people
    User(UserOptions),
    /// Make, list and revoke keys for programs
    Key(KeyOptions),
    /// Look at the log of who did what to whom, and check that it is whole
    Audit(AuditOptions),
    /// Replace the secret from which the server makes its tokens
    Secret(SecretOptions),
    /// Look at the journal, decide about what was refused, save what is left of a damaged one
    Journal(JournalOptions),
    /// Play a provider: answer from a rules file over HTTP
    ///
    /// For tests and demonstrations with the real adapters against a real socket and no model. Without --rules the
    /// built-in demonstration answers.
    Scripted(ScriptedOptions),
    /// Print the description of the API (OpenAPI 3.1, JSON)
    Openapi,
    /// Print the version
    Version,
}

/// The flags that set something. Every other setting can be set with `--set`.
#[derive(Debug, Default, Args)]
pub(crate) struct SettingsOptions {
    /// Read this configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Accept connections here; others than loopback only with accounts; port 0 takes a free one [default: 127.0.0.1:3080]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Who may use the server: local (whoever reaches it on this machine), accounts (people who sign in with passwords) or
    /// oidc (people who sign in through an OpenID provider) [default: local]
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<String>,
    /// Keep everything in this directory
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
    /// Serve another client at `/`, from the directory of its build: librechat=DIR; Manent's own page is at /manent then
    #[arg(long, value_name = "CLIENT=DIR", value_parser = parse_client)]
    pub(crate) ui: Option<String>,
    /// Log this much: off, error, warn, info, debug, trace, also per module [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
    /// The shape of a line of the log: auto, text or json [default: auto]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
    /// The provider that answers when a request names none
    #[arg(long, value_name = "ID")]
    pub(crate) default_provider: Option<String>,
    /// The model that answers when a request names none
    #[arg(long, value_name = "MODEL")]
    pub(crate) default_model: Option<String>,
    /// Set anything, for example `--set limits.batch_items=50`; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_assignment)]
    pub(crate) set: Vec<(String, String)>,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct ConfigOptions {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Explain every mistake at once; exit code 1 if there is any
    Check(CheckOptions),
    /// Print what holds, each value with where it comes from; keys are masked
    Show(SettingsOptions),
    /// Print a commented configuration file with every setting
    Sample,
    /// Print which file is read
    Path(SettingsOptions),
}

#[derive(Debug, Args)]
pub(crate) struct CheckOptions {
    /// Say of every key of this librechat.yaml, and of the `.env` beside it, what becomes of it
    #[arg(long, value_name = "FILE")]
    pub(crate) librechat: Option<String>,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorOptions {
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateOptions {
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
    /// Move from this store, for example `sqlite:/srv/manent` [default, with --to: the configured one]
    #[arg(long, value_name = "STORE")]
    pub(crate) from: Option<String>,
    /// Move to this store, for example `postgres://USER:PASSWORD@HOST/DATABASE` [default, with --from: the configured one]
    #[arg(long, value_name = "STORE")]
    pub(crate) to: Option<String>,
    /// Copy nothing, only compare the two stores
    #[arg(long)]
    pub(crate) verify_only: bool,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct JournalOptions {
    #[command(subcommand)]
    pub(crate) command: JournalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Print what waits and what was refused: counts, ages and ids, never content
    Inspect(DoctorOptions),
    /// Copy every readable record of a damaged journal into a new one
    ///
    /// Says what had to be left out. The damaged files are not touched; with --replace their directory is renamed and the new
    /// one takes its place.
    Salvage(SalvageOptions),
    /// Put what was refused back into the queue: the next start tries it again
    Retry(SettingsOptions),
    /// Move what was refused into a file outside of the journal
    SetAside(SetAsideOptions),
}

#[derive(Debug, Args)]
pub(crate) struct SetAsideOptions {
    /// The file, which must not exist; `manent journal salvage` makes a journal of it again
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
pub(crate) struct SalvageOptions {
    /// The journal's directory, or one of its files [default: the configured journal]
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// Put the new journal here; the directory must not exist [default: beside the damaged one]
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
    /// Put the new journal in the place of the damaged one, which is kept under another name
    #[arg(long, conflicts_with = "to")]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ScriptedOptions {
    /// The rules file; without it the built-in demonstration
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// The protocol to speak
    #[arg(long, value_enum, default_value_t = Format::Both)]
    pub(crate) format: Format,
    /// Accept connections here: a loopback address with a port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3090")]
    pub(crate) listen: SocketAddr,
    /// Answer only requests that carry this key
    #[arg(long, value_name = "KEY")]
    pub(crate) require_key: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = CHAT_EXAMPLES)]
pub(crate) struct ChatOptions {
    /// The server to talk to
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3080")]
    pub(crate) url: String,
    /// The key to be known by, where people have accounts; better in `MANENT_KEY` or a file, since others see a command line
    #[arg(
        long,
        value_name = "KEY",
        env = "MANENT_KEY",
        hide_env_values = true,
        conflicts_with = "key_file"
    )]
    pub(crate) key: Option<SecretString>,
    /// The same from a file
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Go on with this conversation [default: the one whose answer was cut off the last time, else a new one]
    #[arg(long, value_name = "ID", conflicts_with = "new")]
    pub(crate) conversation: Option<String>,
    /// Begin a new conversation in any case
    #[arg(long)]
    pub(crate) new: bool,
    /// Keep the outbox in this directory [default: `client` in the platform's place for the data of manent]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The outbox's name in that directory; one process at a time uses it [default: after the server's host and port]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The model that answers [default: the server's]
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// The provider that answers [default: the one that has the model]
    #[arg(long, value_name = "ID")]
    pub(crate) provider: Option<String>,
    /// What the model is told before everything else
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// With lines from a pipe: wait so many seconds, all in all, for a server that is away
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) wait: u64,
}

/// The protocols of the scripted provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Anthropic Messages
    Anthropic,
    /// OpenAI Chat Completions
    Openai,
    /// Both, side by side
    Both,
}

/// `librechat=DIRECTORY`; gives the directory.
fn parse_client(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some(("librechat", directory)) if !directory.is_empty() => Ok(directory.to_owned()),
        Some(("librechat", _)) => {
            Err("give the directory of the client's build behind `librechat=`".to_owned())
        }
        _ => {
            Err("write `librechat=DIRECTORY`, for example --ui librechat=./client/dist".to_owned())
        }
    }
}

fn parse_assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write KEY=VALUE, for example limits.batch_items=50".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_assignment_is_split_at_its_first_equals_sign() {
        let read = ["a.b=c=d", " a = b ", "a=", "=b", "a"].map(parse_assignment);
        let pair = |key: &str, value: &str| Ok((key.to_owned(), value.to_owned()));
        let refused = || Err("write KEY=VALUE, for example limits.batch_items=50".to_owned());
        assert_eq!(
            read,
            [
                pair("a.b", "c=d"),
                pair("a", "b"),
                pair("a", ""),
                refused(),
                refused()
            ]
        );
    }
}
