//! `cargo xtask bench`: hands over to `testing/manent-bench`, and to `web/bench` for what is measured in a browser.

use anyhow::Result;
use clap::Args;

use crate::workspace::{Profile, Workspace};
use crate::{chromium, command, console, doctor, page, run};

/// The name of what is measured in a browser and in JavaScript.
const PAGE: &str = "page";

#[derive(Args)]
pub(crate) struct Options {
    /// `page` (the page in Chromium, the engine in wasm), and arguments of the benchmark program (`--help` lists them); nothing: everything
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the server and the benchmarks in release and runs them.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    doctor::require_c_compiler()?;
    page::build(workspace)?;
    run::build_server(workspace, Profile::Release)?;
    console::progress("running the benchmarks");
    let plan = Plan::read(&options.arguments);
    if let Some(arguments) = &plan.native {
        command::run(
            command::cargo(workspace.root())
                .args(["run", "--release", "--package", "manent-bench", "--"])
                .args(arguments),
        )?;
    }
    if plan.page {
        run_page(workspace, plan.quick)?;
    }
    Ok(())
}

fn run_page(workspace: &Workspace, quick: bool) -> Result<()> {
    let browser = chromium::require()?;
    let mut npm = command::new("npm", &workspace.web());
    npm.args(["run", "bench"])
        .env(chromium::VARIABLE, browser)
        .env("MANENT_BINARY", workspace.binary(Profile::Release));
    if quick {
        npm.env("MANENT_BENCH_QUICK", "1");
    }
    command::run(&mut npm)
}

/// Who measures what.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// The arguments of the benchmark program, where it has something to do.
    native: Option<Vec<String>>,
    page: bool,
    quick: bool,
}

impl Plan {
    fn read(arguments: &[String]) -> Self {
        let is_name = |argument: &&String| !argument.starts_with('-');
        let names = arguments.iter().filter(is_name).count();
        let page = arguments.iter().any(|argument| argument == PAGE);
        let native: Vec<String> = arguments
            .iter()
            .filter(|argument| *argument != PAGE)
            .cloned()
            .collect();
        let is_page_alone = page && names == 1;
        let asks_for_help = arguments
            .iter()
            .any(|argument| argument == "--help" || argument == "-h");
        Self {
            native: (!is_page_alone || asks_for_help).then_some(native),
            page: (page || names == 0) && !asks_for_help,
            quick: arguments.iter().any(|argument| argument == "--quick"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(arguments: &[&str]) -> Plan {
        Plan::read(&words(arguments))
    }

    fn words(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn measures_what_is_named_and_everything_without_a_name() {
        let cases = [
            (&[][..], Some(words(&[])), true, false),
            (&["--quick"], Some(words(&["--quick"])), true, true),
            (&["page"], None, true, false),
            (&["page", "--quick"], None, true, true),
            (&["append", "page"], Some(words(&["append"])), true, false),
            (&["append"], Some(words(&["append"])), false, false),
            (&["--help"], Some(words(&["--help"])), false, false),
        ];
        for (arguments, native, page, quick) in cases {
            let expected = Plan {
                native,
                page,
                quick,
            };
            assert_eq!(plan(arguments), expected, "{arguments:?}");
        }
    }
}
