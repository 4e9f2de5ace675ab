//! The project's own commands: `cargo xtask run`, `test`, `sim`, `fuzz`, `bench`, `gen`.
//!
//! Each command does its own set-up: what it needs and can install, it installs; what it cannot, it names together with
//! the command that does. What a step decides lives in the file of that name under `test/`.

#![expect(
    clippy::print_stdout,
    reason = "a command line speaks on standard output"
)]

mod bench;
mod chromium;
mod client;
mod command;
mod console;
mod doctor;
mod fuzz;
mod generate;
mod kill;
mod npm;
mod page;
mod postgres;
mod python;
mod run;
mod sim;
mod stamp;
mod system_packages;
mod test;
mod wasm_toolchain;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Builds, runs and checks Manent",
    version
)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the page and the server, then start it
    Run(run::Options),
    /// Build the page and the client that it is built on, where something changed
    Page,
    /// Run everything that CI runs, in order, up to the first failure
    Test(test::Options),
    /// Kill the server under load, many times, and look for lost words
    Kill(kill::Options),
    /// Simulate clients, networks and servers with everything going wrong (release build)
    Sim(sim::Options),
    /// Fuzz the parsers of outside input
    Fuzz(fuzz::Options),
    /// Run the benchmarks (release build)
    Bench(bench::Options),
    /// Write the files that are generated from the code
    Gen(generate::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Workspace::locate().and_then(|workspace| match arguments.command {
        Task::Run(options) => run::run(&workspace, &options),
        Task::Page => page::build(&workspace),
        Task::Test(options) => test::run(&workspace, &options),
        Task::Kill(options) => kill::run(&workspace, &options),
        Task::Sim(options) => sim::run(&workspace, &options),
        Task::Fuzz(options) => fuzz::run(&workspace, &options),
        Task::Bench(options) => bench::run(&workspace, &options),
        Task::Gen(options) => generate::run(&workspace, &options),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::failure(&error);
            ExitCode::FAILURE
        }
    }
}
