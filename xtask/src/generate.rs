//! `cargo xtask gen`: files that are made from the code and kept in the repository.

use std::fs;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::workspace::{Profile, Workspace};
use crate::{command, page, run};

#[derive(Args)]
pub(crate) struct Options {
    /// Change nothing; fail when a file differs from what would be written
    #[arg(long)]
    check: bool,
}

/// A file and the arguments of `manent` that print it.
struct Generated {
    path: &'static str,
    arguments: &'static [&'static str],
}

const GENERATED: &[Generated] = &[Generated {
    path: "docs/openapi.json",
    arguments: &["openapi"],
}];

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if !options.check {
        // A test of that crate does the checking.
        command::run(command::cargo(workspace.root()).args([
            "run",
            "--quiet",
            "--package",
            "manent-config",
            "--example",
            "generate_documents",
        ]))?;
    }
    page::build(workspace)?;
    run::build_server(workspace, Profile::Debug)?;
    let mut stale = Vec::new();
    for file in GENERATED {
        let path = workspace.root().join(file.path);
        let wanted = command::capture(
            command::new(workspace.binary(Profile::Debug), workspace.root()).args(file.arguments),
        )?;
        let found = fs::read_to_string(&path).unwrap_or_default();
        if found == wanted {
            continue;
        }
        if options.check {
            stale.push(file.path);
        } else {
            fs::write(&path, wanted).with_context(|| format!("cannot write {}", file.path))?;
            println!("  wrote {}", file.path);
        }
    }
    generate_page_types(workspace, options)?;
    if !stale.is_empty() {
        bail!(
            "out of date: {}. Run `cargo xtask gen` and commit the result.",
            stale.join(", ")
        );
    }
    Ok(())
}

/// The page's types of what the API takes and answers, from `docs/openapi.json`.
fn generate_page_types(workspace: &Workspace, options: &Options) -> Result<()> {
    let check = options.check.then_some("--check");
    command::run(
        command::new("node", &workspace.web())
            .arg("scripts/generateTypes.mjs")
            .args(check),
    )
}

impl Options {
    /// As `cargo xtask gen --check`.
    pub(crate) fn check() -> Self {
        Self { check: true }
    }
}
