//! `cargo xtask test`: what CI runs, in the same order, up to the first failure.
//!
//! Cheap checks come first. What is left out by `--only` or `--skip` is said loudly, at the start and at the end. The last lines say
//! how long each step took, and all of them together.

mod arrows;
mod browser;
mod client;
mod clippy;
mod documentation;
mod format;
mod fuzz;
mod generated;
mod licences;
mod page;
mod proofs;
mod purity;
mod rust;
mod rustdoc;
mod schema;
mod wasm;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::console;
use crate::workspace::Workspace;

#[derive(Args)]
pub(crate) struct Options {
    /// Run only this step (repeatable)
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Leave this step out (repeatable)
    #[arg(long, value_name = "STEP")]
    skip: Vec<String>,
    /// List the steps and stop
    #[arg(long)]
    list: bool,
}

/// One part of the whole.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace) -> Result<()>,
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        about: "rustfmt has nothing to change",
        run: format::run,
    },
    Step {
        name: "purity",
        about: "the pure crates stay pure, the arrows between crates hold",
        run: purity::run,
    },
    Step {
        name: "client",
        about: "the TypeScript client: the engine as wasm, lint, types, unit tests, size",
        run: client::run,
    },
    Step {
        name: "page",
        about: "the page: lint, unit tests, build",
        run: page::run,
    },
    Step {
        name: "clippy",
        about: "clippy finds nothing",
        run: clippy::run,
    },
    Step {
        name: "rust",
        about: "the Rust tests of every crate",
        run: rust::run,
    },
    Step {
        name: "rustdoc",
        about: "the Rust documentation builds without a warning",
        run: rustdoc::run,
    },
    Step {
        name: "wasm",
        about: "the pure crates compile for wasm32-unknown-unknown",
        run: wasm::run,
    },
    Step {
        name: "licences",
        about: "licences and sources of all dependencies are allowed, and no advisory warns of one",
        run: licences::run,
    },
    Step {
        name: "generated",
        about: "generated files are up to date",
        run: generated::run,
    },
    Step {
        name: "documentation",
        about: "links and commands in the documents are real",
        run: documentation::run,
    },
    Step {
        name: "fuzz",
        about: "every parser of outside input, with its corpus and some seconds of new inputs",
        run: fuzz::run,
    },
    Step {
        name: "schema",
        about: "the API held against its own description, with requests that fit it and requests that do not",
        run: schema::run,
    },
    Step {
        name: "browser",
        about: "the page driven in Chromium",
        run: browser::run,
    },
    Step {
        name: "proofs",
        about: "the promises, with servers killed, databases gone and networks failing",
        run: proofs::run,
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed(Duration),
    Failed(Duration),
    Skipped,
    NotReached,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if options.list {
        for step in STEPS {
            println!("{:14} {}", step.name, step.about);
        }
        return Ok(());
    }
    refuse_unknown_names(options)?;
    for step in STEPS.iter().filter(|step| !is_wanted(step.name, options)) {
        console::notice(&format!("SKIPPED: {} ({})", step.name, step.about));
    }

    let mut results = Vec::new();
    let mut failure = None;
    let begun = Instant::now();
    for step in STEPS {
        let outcome = if !is_wanted(step.name, options) {
            Outcome::Skipped
        } else if failure.is_some() {
            Outcome::NotReached
        } else {
            console::progress(&format!("{}: {}", step.name, step.about));
            let start = Instant::now();
            match (step.run)(workspace) {
                Ok(()) => Outcome::Passed(start.elapsed()),
                Err(error) => {
                    failure = Some(error.context(format!("the step {} failed", step.name)));
                    Outcome::Failed(start.elapsed())
                }
            }
        };
        results.push((step.name, outcome));
    }

    console::repeat_remarks();
    let Some(error) = failure else {
        print!("{}", summary(&results, begun.elapsed()));
        return Ok(());
    };
    console::failure(&error);
    print!("{}", summary(&results, begun.elapsed()));
    bail!("see the step that failed, above");
}

fn refuse_unknown_names(options: &Options) -> Result<()> {
    let mut names = options.only.iter().chain(&options.skip);
    if let Some(name) = names.find(|name| STEPS.iter().all(|step| step.name != name.as_str())) {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        bail!(
            "there is no step {name:?}; the steps are: {}",
            known.join(", ")
        );
    }
    Ok(())
}

fn is_wanted(name: &str, options: &Options) -> bool {
    let chosen = options.only.is_empty() || options.only.iter().any(|only| only == name);
    chosen && !options.skip.iter().any(|skip| skip == name)
}

/// The table at the end, with what failed first; its last line counts, in the words that test reports use.
fn summary(results: &[(&str, Outcome)], total: Duration) -> String {
    let mut text = String::from("\n");
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let is_failed = |(_, outcome): &&(&str, Outcome)| matches!(outcome, Outcome::Failed(_));
    let rows = results.iter().filter(is_failed);
    for (name, outcome) in rows.chain(results.iter().filter(|row| !is_failed(row))) {
        let (word, time) = match outcome {
            Outcome::Passed(time) => {
                passed += 1;
                ("passed", Some(*time))
            }
            Outcome::Failed(time) => {
                failed += 1;
                ("FAILED", Some(*time))
            }
            Outcome::Skipped => {
                skipped += 1;
                ("SKIPPED", None)
            }
            Outcome::NotReached => {
                skipped += 1;
                ("not reached", None)
            }
        };
        text.push_str(&row(name, word, time));
    }
    text.push_str(&row("all", "", Some(total)));
    text + &format!("steps: {passed} passed, {failed} failed, {skipped} skipped\n")
}

fn row(name: &str, word: &str, time: Option<Duration>) -> String {
    let time = time.map(|time| format!("{:8.1} s", time.as_secs_f64()));
    let row = format!("{name:14} {word:11} {}", time.unwrap_or_default());
    format!("{}\n", row.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(only: &[&str], skip: &[&str]) -> Options {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Options {
            only: owned(only),
            skip: owned(skip),
            list: false,
        }
    }

    #[test]
    fn the_summary_counts_every_step_and_begins_with_what_failed() {
        let results = [
            ("format", Outcome::Passed(Duration::from_millis(1500))),
            ("purity", Outcome::Failed(Duration::from_secs(2))),
            ("page", Outcome::NotReached),
            ("browser", Outcome::Skipped),
        ];
        let expected = "
purity         FAILED           2.0 s
format         passed           1.5 s
page           not reached
browser        SKIPPED
all                             3.6 s
steps: 1 passed, 1 failed, 2 skipped
";
        assert_eq!(summary(&results, Duration::from_millis(3600)), expected);
    }

    #[test]
    fn leaves_out_what_is_skipped_or_not_chosen() {
        assert!(is_wanted("format", &options(&[], &[])));
        assert!(is_wanted("format", &options(&["format"], &[])));
        assert!(!is_wanted("page", &options(&["format"], &[])));
        assert!(!is_wanted("format", &options(&[], &["format"])));
        assert!(!is_wanted("format", &options(&["format"], &["format"])));
    }

    #[test]
    fn refuses_a_step_that_does_not_exist() {
        assert!(refuse_unknown_names(&options(&["format"], &["browser"])).is_ok());
        assert!(refuse_unknown_names(&options(&[], &["browsers"])).is_err());
    }
}
