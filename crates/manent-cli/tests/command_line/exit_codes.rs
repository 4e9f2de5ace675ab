use std::net::TcpListener;

use crate::world::{World, without_rules};

#[test]
fn wrong_usage_ends_with_code_2() {
    let world = World::new();
    let wrong: [&[&str]; 5] = [
        &[],
        &["frobnicate"],
        &["serve", "--nonsense"],
        &["serve", "--set", "nonsense"],
        &["scripted", "--format", "morse"],
    ];
    let codes = wrong.map(|arguments| world.run(arguments, &[]).code);
    assert_eq!(codes, [Some(2); 5]);
}

#[test]
fn help_and_version_end_with_code_0() {
    let world = World::new();
    for arguments in [&["--help"], &["--version"], &["version"]] {
        let outcome = world.run(arguments, &[]);
        assert_eq!(
            (outcome.code, outcome.errors.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
    let version = format!("manent {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(world.run(&["version"], &[]).output, version);
    assert_eq!(world.run(&["--version"], &[]).output, version);
    insta::assert_snapshot!(world.run(&["--help"], &[]).output, @r#"
Manent, a chat backend that keeps every word: one program with its database and its page.

It needs no configuration. Without a model to talk to, a built-in demonstration answers and says
how to connect one.

Usage: manent <COMMAND>

Commands:
  serve     Start the server with its page
  chat      Chat in the terminal, also without a network
  config    Explain the configuration
  doctor    Say how everything stands, and what to do about what is wrong
  migrate   Bring the store up to date, or move everything to another one
  user      Make, list and change the accounts of people
  key       Make, list and revoke keys for programs
  audit     Look at the log of who did what to whom, and check that it is whole
  secret    Replace the secret from which the server makes its tokens
  journal   Look at the journal, decide about what was refused, save what is left of a damaged one
  scripted  Play a provider: answer from a rules file over HTTP
  openapi   Print the description of the API (OpenAPI 3.1, JSON)
  version   Print the version

Options:
  -h, --help
          Print help (see a summary with '-h')

  -V, --version
          Print version

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
  130, 143  ended at once by a second Ctrl-C or SIGTERM
"#);
    insta::assert_snapshot!(world.run(&["serve", "--help"], &[]).output, @r#"
Start the server with its page

Prints `Manent is ready at http://ADDRESS` on standard output as soon as connections are accepted;
logs go to standard error. Ctrl-C or SIGTERM takes nothing new and lets running answers finish for a
bounded time (`http.shutdown_grace`); what is left then is kept and marked as interrupted. A second
one ends at once; what was answered as stored is stored.

Usage: manent serve [OPTIONS]

Options:
      --config <FILE>
          Read this configuration file

      --listen <ADDRESS>
          Accept connections here; others than loopback only with accounts; port 0 takes a free one
          [default: 127.0.0.1:3080]

      --mode <MODE>
          Who may use the server: local (whoever reaches it on this machine), accounts (people who
          sign in with passwords) or oidc (people who sign in through an OpenID provider) [default:
          local]

      --data-dir <DIR>
          Keep everything in this directory

      --ui <CLIENT=DIR>
          Serve another client at `/`, from the directory of its build: librechat=DIR; Manent's own
          page is at /manent then

      --log <LEVEL>
          Log this much: off, error, warn, info, debug, trace, also per module [default: info]

      --log-format <FORMAT>
          The shape of a line of the log: auto, text or json [default: auto]

      --default-provider <ID>
          The provider that answers when a request names none

      --default-model <MODEL>
          The model that answers when a request names none

      --set <KEY=VALUE>
          Set anything, for example `--set limits.batch_items=50`; may be given several times

  -h, --help
          Print help (see a summary with '-h')
"#);
}

#[test]
fn a_configuration_with_mistakes_ends_with_code_1_and_makes_nothing() {
    let world = World::new();
    let outcome = world.run(
        &["serve", "--listen", "0.0.0.0:3080", "--data-dir", "data"],
        &[("MANENT_LISTN", "x")],
    );
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(1), ""));
    insta::assert_snapshot!(outcome.errors, @r#"
manent: the configuration has 2 mistakes:
  MANENT_LISTN: unknown variable; did you mean MANENT_LISTEN?
  --listen: `listen` is 0.0.0.0:3080, which others can reach, but in the mode local nobody signs in; set `mode = "accounts"` (--mode accounts, MANENT_MODE=accounts), or use 127.0.0.1:3080 and reach it from another machine through an SSH tunnel
"#);
    assert!(!world.path("data").exists());
}

#[test]
fn wrong_rules_end_with_code_1() {
    let world = World::new();
    world.file("rules.toml", "[[rule]]\nnonsense = 1\n");
    let wrong = world.run(&["scripted", "--rules", "rules.toml"], &[]);
    let missing = world.run(&["scripted", "--rules", "missing.toml"], &[]);
    let elsewhere = world.run(&["scripted", "--listen", "0.0.0.0:0"], &[]);
    assert_eq!([wrong.code, missing.code, elsewhere.code], [Some(1); 3]);
    insta::assert_snapshot!(without_rules(&wrong.errors) + &missing.errors + &elsewhere.errors, @r#"
manent: the rules file rules.toml has 2 mistakes:
manent: the rules file missing.toml cannot be read: No such file or directory (os error 2)
manent: 0.0.0.0:0 is not a loopback address; the scripted server only listens on 127.0.0.1 or [::1]
"#);
}

#[test]
fn a_store_that_cannot_be_opened_ends_with_code_3() {
    let world = World::new();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"];
    let first = world.start(&serve, &[]);
    let second = world.run(&serve, &[]);
    assert_eq!((second.code, second.output.as_str()), (Some(3), ""));
    assert!(
        second.errors.contains("/home/work/data is in use by"),
        "{}",
        second.errors
    );
    drop(first);
    world.file(
        "data/manent.db",
        "this was never a database, but it is long enough to be taken for one "
            .repeat(20)
            .as_str(),
    );
    let damaged = world.run(&serve, &[]);
    assert_eq!((damaged.code, damaged.output.as_str()), (Some(3), ""));
    assert!(
        damaged.errors.contains("is damaged or no database"),
        "{}",
        damaged.errors
    );
}

#[test]
fn an_address_in_use_ends_with_code_4_and_says_what_to_do() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve = world.run(&["serve", "--data-dir", "data", "--listen", &address], &[]);
    let scripted = world.run(&["scripted", "--listen", &address], &[]);
    assert_eq!((serve.code, scripted.code), (Some(4), Some(4)));
    assert_eq!(serve.errors, scripted.errors);
    insta::assert_snapshot!(serve.errors.replace(&address, "ADDRESS"), @"manent: cannot listen on ADDRESS: Address already in use (os error 98). Another program uses this address, perhaps another Manent: stop it, or choose another address with --listen; port 0 takes a free one.");
}
