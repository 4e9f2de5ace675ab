//! `cargo xtask fuzz`: the targets of `fuzz/`, compiled with coverage by the ordinary toolchain and run by libFuzzer.
//!
//! The layout is cargo-fuzz's (`cargo fuzz run -s none TARGET` does the same); driving it from here needs neither that tool nor a nightly
//! toolchain: without a sanitizer everything that is needed is a stable flag.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::workspace::Workspace;
use crate::{command, console, doctor};

/// What libFuzzer needs in the code: counters for the parts that were reached, and the values that were compared.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg=fuzzing",
];

/// The same inputs in every short run, as far as the target itself does the same.
const SEED: &str = "4711";

/// A single input may take so many seconds.
const SLOWEST_INPUT: &str = "-timeout=25";

/// More memory than this in megabytes is a finding.
const MOST_MEMORY: &str = "-rss_limit_mb=3072";

#[derive(Args)]
pub(crate) struct Options {
    /// Only this target; without one all of them, one after the other
    target: Option<String>,
    /// How long each target is run
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Put the inputs that reach something new into the corpus, and take out those that have become needless
    #[arg(long)]
    keep: bool,
    /// List the targets and stop
    #[arg(long)]
    list: bool,
}

/// How long a target runs.
enum Length {
    /// So many inputs beside the corpus, with the seed that is always the same.
    Inputs(u32),
    /// Until the time is over, with a seed of its own.
    Time(Duration),
}

/// Runs for as long as one likes.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let fuzzing = Fuzzing::of(workspace)?;
    if options.list {
        for target in &fuzzing.targets {
            println!("{:18} {}", target.name, target.about);
        }
        return Ok(());
    }
    let chosen = fuzzing.chosen(options.target.as_deref())?;
    fuzzing.build()?;
    for target in chosen {
        fuzzing.fuzz(target, &Length::Time(Duration::from_secs(options.seconds)))?;
        if options.keep {
            fuzzing.minimise(target)?;
        }
    }
    Ok(())
}

/// The corpus of every target and a bounded number of new inputs.
pub(crate) fn run_briefly(workspace: &Workspace) -> Result<()> {
    let fuzzing = Fuzzing::of(workspace)?;
    fuzzing.build()?;
    for target in &fuzzing.targets {
        // The whole server answers some hundred requests a second, a parser reads tens of thousands of texts.
        let inputs = match target.name.as_str() {
            "api" => 800,
            "configuration" => 4_000,
            _ => 30_000,
        };
        let begun = Instant::now();
        fuzzing.fuzz(target, &Length::Inputs(inputs))?;
        println!(
            "  {}: the corpus and {inputs} new inputs in {:.1} s",
            target.name,
            begun.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

struct Target {
    name: String,
    about: String,
}

/// The workspace of fuzzing.
struct Fuzzing {
    folder: PathBuf,
    output: PathBuf,
    targets: Vec<Target>,
}

impl Fuzzing {
    fn of(workspace: &Workspace) -> Result<Self> {
        let folder = workspace.root().join("fuzz");
        let mut targets = Vec::new();
        let sources = folder.join("fuzz_targets");
        for entry in fs::read_dir(&sources).context("cannot read fuzz/fuzz_targets")? {
            let path = entry?.path();
            let name = path.file_stem().and_then(|name| name.to_str());
            if let Some(name) = name {
                let text = fs::read_to_string(&path)?;
                targets.push(Target {
                    name: name.to_owned(),
                    about: about(&text),
                });
            }
        }
        targets.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self {
            folder,
            output: workspace.target().join("fuzz"),
            targets,
        })
    }

    fn chosen(&self, name: Option<&str>) -> Result<Vec<&Target>> {
        let Some(name) = name else {
            return Ok(self.targets.iter().collect());
        };
        let Some(target) = self.targets.iter().find(|target| target.name == name) else {
            let known: Vec<_> = self.targets.iter().map(|target| &*target.name).collect();
            bail!(
                "there is no target {name:?}; the targets are: {}",
                known.join(", ")
            );
        };
        Ok(vec![target])
    }

    /// For the machine's own triple, named so that build scripts and macros are compiled without coverage.
    fn build(&self) -> Result<()> {
        doctor::require_cxx_compiler()?;
        console::progress("building the fuzz targets (once some minutes, then seconds)");
        command::run(
            command::cargo(&self.folder)
                .args(["build", "--release", "--quiet", "--bins"])
                .args(["--target", &host()?])
                .env("CARGO_TARGET_DIR", &self.output)
                .env_remove("CARGO_ENCODED_RUSTFLAGS")
                .env("RUSTFLAGS", COVERAGE.join(" ")),
        )
    }

    fn program(&self, target: &Target) -> Result<PathBuf> {
        Ok(self.output.join(host()?).join("release").join(&target.name))
    }

    fn corpus(&self, target: &Target) -> PathBuf {
        self.folder.join("corpus").join(&target.name)
    }

    fn fuzz(&self, target: &Target, length: &Length) -> Result<()> {
        let corpus = self.corpus(target);
        fs::create_dir_all(&corpus)?;
        let found = self.folder.join("artifacts").join(&target.name);
        fs::create_dir_all(&found)?;
        let fresh = self.output.join("new").join(&target.name);
        fs::create_dir_all(&fresh)?;
        let mut command = command::new(self.program(target)?, &self.folder);
        // What is new goes into the first directory; the corpus itself changes only when it is asked for.
        command
            .arg(&fresh)
            .arg(&corpus)
            .args([SLOWEST_INPUT, MOST_MEMORY, "-print_final_stats=0"])
            .args(["-verbosity=0", "-close_fd_mask=0", "-max_len=16384"])
            .arg(format!("-artifact_prefix={}/", found.display()));
        match length {
            Length::Inputs(inputs) => {
                clear(&fresh)?;
                let all = u64::from(*inputs) + files(&corpus)?;
                command
                    .arg(format!("-runs={all}"))
                    .arg(format!("-seed={SEED}"));
            }
            Length::Time(time) => {
                command.arg(format!("-max_total_time={}", time.as_secs()));
            }
        }
        command::run(&mut command).with_context(|| {
            format!(
                "the target {} found something. The input lies in {}; replay it with `{} FILE`, make it smaller with \
                 `-minimize_crash=1 -runs=10000` before FILE, and keep it as a test beside what is mended",
                target.name,
                found.display(),
                self.program(target).unwrap_or_default().display(),
            )
        })
    }

    /// The smallest set of inputs that reaches everything which the old corpus and the new inputs reach.
    fn minimise(&self, target: &Target) -> Result<()> {
        let (corpus, fresh) = (
            self.corpus(target),
            self.output.join("new").join(&target.name),
        );
        let merged = self.output.join("merged").join(&target.name);
        fs::create_dir_all(&merged)?;
        clear(&merged)?;
        command::run(
            command::new(self.program(target)?, &self.folder)
                .args(["-merge=1", "-verbosity=0", "-max_len=4096", SLOWEST_INPUT])
                .args([&merged, &corpus, &fresh]),
        )?;
        // The inputs that were written by hand have names and stay.
        for entry in fs::read_dir(&corpus)? {
            let path = entry?.path();
            let is_found = path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| {
                    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
                });
            if is_found {
                fs::remove_file(path)?;
            }
        }
        for entry in fs::read_dir(&merged)? {
            let path = entry?.path();
            let Some(name) = path.file_name() else {
                continue;
            };
            fs::copy(&path, corpus.join(name))?;
        }
        Ok(())
    }
}

/// What the first comment of a target says.
fn about(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

fn files(folder: &Path) -> Result<u64> {
    Ok(fs::read_dir(folder)?.count().try_into()?)
}

fn clear(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

/// The triple of this machine.
fn host() -> Result<String> {
    let version = command::capture(command::new("rustc", Path::new(".")).arg("-vV"))?;
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc does not say for which machine it is")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_described_by_its_first_comment() {
        let source = "//! One thing,\n//! and its promise.\n#![no_main]\n//! not this";
        assert_eq!(about(source), "One thing, and its promise.");
    }
}
