//! The command line: it reads arguments and the configuration, starts what was asked for, and turns failures into sentences
//! and exit codes. Nothing is decided here that a library could decide.

mod accounts;
mod arguments;
mod chat;
mod configuration;
mod console;
mod doctor;
mod exit;
mod journal;
mod migrate;
mod openapi;
mod scripted;
mod serve;
mod signals;
mod sources;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    // Ends with code 0 for help and version, 2 for wrong usage.
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Serve(options) => serve::run(&options),
        Command::Config(options) => configuration::run(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Migrate(options) => migrate::run(&options),
        Command::User(options) => accounts::user::run(options.command),
        Command::Key(options) => accounts::key::run(options.command),
        Command::Audit(options) => accounts::audit::run(options.command),
        Command::Secret(options) => accounts::secret::run(options.command),
        Command::Journal(options) => journal::run(&options),
        Command::Scripted(options) => scripted::run(&options),
        Command::Chat(options) => chat::run(options),
        Command::Openapi => openapi::run(),
        Command::Version => {
            console::print(&format!("manent {}\n", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                console::complain(&message);
            }
            ExitCode::from(failure.code())
        }
    }
}
