//! Step `documentation`: what the documents point at exists, and what the README tells to type works.

mod fuzz_targets;
mod programs;
mod server_commands;
mod walk_through;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::{Profile, Workspace};
use crate::{command, page, run};

/// Lists every document of its folder.
const INDEX: &str = "docs/README.md";

/// Says what each dependency is for.
const DEPENDENCIES: &str = "docs/dependencies.md";

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let root = workspace.root();
    let documents = documents(root)?;
    let mut problems = Vec::new();
    for document in &documents {
        let text = fs::read_to_string(root.join(document))
            .with_context(|| format!("cannot read {}", document.display()))?;
        let folder = root
            .join(document)
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default();
        let dead = local_links(&text)
            .into_iter()
            .filter(|link| !folder.join(link).exists());
        problems.extend(
            dead.map(|link| format!("{}: the link {link} leads nowhere", document.display())),
        );
        let unknown = xtask_commands(&text)
            .into_iter()
            .filter(|name| !is_xtask_command(name));
        problems.extend(
            unknown.map(|name| format!("{}: there is no `cargo xtask {name}`", document.display())),
        );
    }
    problems.extend(missing_from_index(root, &documents)?);
    problems.extend(unexplained_dependencies(root)?);
    problems.extend(programs::stale(root, &documents)?);
    problems.extend(fuzz_targets::stale(workspace)?);
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    println!("  {} documents", documents.len());
    page::build(workspace)?;
    run::build_server(workspace, Profile::Debug)?;
    server_commands::check(workspace, &documents)?;
    walk_through::run(workspace, "README.md")
}

/// Every Markdown file that git knows or would add.
fn documents(root: &Path) -> Result<Vec<PathBuf>> {
    let mut git = command::new("git", root);
    git.args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.md",
    ]);
    Ok(command::capture(&mut git)?
        .lines()
        .map(PathBuf::from)
        .filter(|file| root.join(file).exists())
        .collect())
}

/// Documents below `docs/` that its index does not link to.
fn missing_from_index(root: &Path, documents: &[PathBuf]) -> Result<Vec<String>> {
    let text =
        fs::read_to_string(root.join(INDEX)).with_context(|| format!("cannot read {INDEX}"))?;
    let linked = local_links(&text);
    let missing = documents
        .iter()
        .filter(|document| *document != Path::new(INDEX))
        .filter_map(|document| document.strip_prefix("docs").ok()?.to_str())
        .filter(|document| !linked.contains(document));
    Ok(missing
        .map(|document| format!("{INDEX} does not link to {document}"))
        .collect())
}

/// Dependencies of the root manifest that `docs/dependencies.md` does not explain.
fn unexplained_dependencies(root: &Path) -> Result<Vec<String>> {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).context("cannot read Cargo.toml")?;
    let text = fs::read_to_string(root.join(DEPENDENCIES))
        .with_context(|| format!("cannot read {DEPENDENCIES}"))?;
    let explained: BTreeSet<&str> = text
        .split(|character: char| !(character.is_ascii_alphanumeric() || "-_".contains(character)))
        .collect();
    let missing = shared_dependencies(&manifest)
        .into_iter()
        .filter(|name| !name.starts_with("manent-") && !explained.contains(name));
    Ok(missing
        .map(|name| format!("{DEPENDENCIES} does not say what {name} is for"))
        .collect())
}

/// The keys of `[workspace.dependencies]`.
fn shared_dependencies(manifest: &str) -> Vec<&str> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim())
        .collect()
}

/// Targets of `[text](target)` that are files of this repository, without their fragments.
fn local_links(text: &str) -> BTreeSet<&str> {
    prose(text)
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default().trim())
        .filter(|target| {
            !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")
        })
        .collect()
}

/// The lines outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_fenced = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        if is_fence {
            is_fenced = !is_fenced;
        }
        !is_fence && !is_fenced
    })
}

/// The word after each `cargo xtask`.
fn xtask_commands(text: &str) -> BTreeSet<&str> {
    text.split("cargo xtask ")
        .skip(1)
        .map(|rest| {
            rest.split(|character: char| !character.is_ascii_alphanumeric())
                .next()
                .unwrap_or_default()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_xtask_command(name: &str) -> bool {
    use clap::CommandFactory;
    crate::Arguments::command().find_subcommand(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_links_to_files_outside_of_code() {
        let text = "See [api](docs/api.md#errors), [web](https://example.org) and [top](#top).\n\
                    ```\n[not](a-link.md)\n```\n[two](a.md) [three](../b.md)\n";
        assert_eq!(
            local_links(text),
            BTreeSet::from(["docs/api.md", "a.md", "../b.md"])
        );
    }

    #[test]
    fn finds_the_shared_dependencies() {
        let manifest = "[package]\na = 1\n[workspace.dependencies]\nb = \"1\"\n\n# c = 1\nd-e = { version = \"1\" }\n[profile]\nf = 1\n";
        assert_eq!(shared_dependencies(manifest), ["b", "d-e"]);
    }

    #[test]
    fn finds_the_commands_of_this_program() {
        let text = "`cargo xtask run`, then\n    cargo xtask test --list\nand `cargo xtask`";
        assert_eq!(xtask_commands(text), BTreeSet::from(["run", "test"]));
        assert!(is_xtask_command("run"));
        assert!(!is_xtask_command("fly"));
    }
}
