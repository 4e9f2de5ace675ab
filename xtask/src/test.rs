//! `cargo xtask test`: what CI runs, in the same order, up to the first failure.
//!
//! Cheap checks come first. What is left out by `--only` or `--skip` is said loudly, at the start and at the end. A step that takes too long
//! for every run is named at the start, with how it is run.

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
    /// Whether it belongs to every run; where not, it is run when it is named.
    is_usual: bool,
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        about: "rustfmt has nothing to change",
        run: format::run,
        is_usual: true,
    },
    Step {
        name: "purity",
        about: "the pure crates stay pure, the arrows between crates hold",
        run: purity::run,
        is_usual: true,
    },
    Step {
        name: "client",
        about: "the TypeScript client: the engine as wasm, lint, types, unit tests, size",
        run: client::run,
        is_usual: true,
    },
    Step {
        name: "page",
        about: "the page: lint, unit tests, build",
        run: page::run,
        is_usual: true,
    },
    Step {
        name: "clippy",
        about: "clippy finds nothing",
        run: clippy::run,
        is_usual: true,
    },
    Step {
        name: "rust",
        about: "the Rust tests of every crate",
        run: rust::run,
        is_usual: true,
    },
    Step {
        name: "rustdoc",
        about: "the Rust documentation builds without a warning",
        run: rustdoc::run,
        is_usual: true,
    },
    Step {
        name: "wasm",
        about: "the pure crates compile for wasm32-unknown-unknown",
        run: wasm::run,
        is_usual: true,
    },
    Step {
        name: "licences",
        about: "licences and sources of all dependencies are allowed, and no advisory warns of one",
        run: licences::run,
        is_usual: true,
    },
    Step {
        name: "generated",
        about: "generated files are up to date",
        run: generated::run,
        is_usual: true,
    },
    Step {
        name: "documentation",
        about: "links and commands in the documents are real",
        run: documentation::run,
        is_usual: true,
    },
    Step {
        name: "fuzz",
        about: "every parser of outside input, with its corpus and some new inputs",
        run: fuzz::run,
        is_usual: false,
    },
    Step {
        name: "schema",
        about: "the API held against its own description, with requests that fit it and requests that do not",
        run: schema::run,
        is_usual: true,
    },
    Step {
        name: "browser",
        about: "the page driven in Chromium",
        run: browser::run,
        is_usual: true,
    },
    Step {
        name: "proofs",
        about: "the promises, with servers killed, databases gone and networks failing",
        run: proofs::run,
        is_usual: true,
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
            let when = if step.is_usual {
                ""
            } else {
                " (only with --only)"
            };
            println!("{:14} {}{when}", step.name, step.about);
        }
        return Ok(());
    }
    refuse_unknown_names(options)?;
    let is_named = |step: &Step| options.only.iter().any(|only| only == step.name);
    let (steps, long): (Vec<_>, Vec<_>) = STEPS
        .iter()
        .partition(|step| step.is_usual || is_named(step));
    for step in long {
        let (name, about) = (step.name, step.about);
        console::notice(&format!(
            "NOT PART OF THIS RUN: {name} ({about}); `cargo xtask test --only {name}` runs it, for some minutes"
        ));
    }
    for step in steps.iter().filter(|step| !is_wanted(step.name, options)) {
        console::notice(&format!("SKIPPED: {} ({})", step.name, step.about));
    }

    let mut results = Vec::new();
    let mut failure = None;
    for step in steps {
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
        print!("{}", summary(&results));
        return Ok(());
    };
    console::failure(&error);
    print!("{}", summary(&results));
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

/// The table at the end; its last line counts, in the words that test reports use.
fn summary(results: &[(&str, Outcome)]) -> String {
    let mut text = String::from("\n");
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, outcome) in results {
        let (word, time) = match outcome {
            Outcome::Passed(time) => {
                passed += 1;
                ("passed", Some(time))
            }
            Outcome::Failed(time) => {
                failed += 1;
                ("FAILED", Some(time))
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
        let time = time
            .map(|time| format!("{:8.1} s", time.as_secs_f64()))
            .unwrap_or_default();
        text.push_str(format!("{name:14} {word:11} {time}").trim_end());
        text.push('\n');
    }
    text + &format!("steps: {passed} passed, {failed} failed, {skipped} skipped\n")
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
    fn counts_every_step_in_the_summary() {
        let results = [
            ("format", Outcome::Passed(Duration::from_millis(1500))),
            ("purity", Outcome::Failed(Duration::from_secs(2))),
            ("page", Outcome::NotReached),
            ("browser", Outcome::Skipped),
        ];
        let expected = "
format         passed           1.5 s
purity         FAILED           2.0 s
page           not reached
browser        SKIPPED
steps: 1 passed, 1 failed, 2 skipped
";
        assert_eq!(summary(&results), expected);
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
