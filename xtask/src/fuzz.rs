//! `cargo xtask fuzz`: the targets of `fuzz/`, compiled with coverage by the ordinary toolchain and run by libFuzzer.
//!
//! The layout is cargo-fuzz's (`cargo fuzz run -s none TARGET` works too); driving it from here needs neither that tool nor a nightly toolchain:
//! without a sanitizer everything that is needed is a stable flag. Usually the project's own crates alone are compiled with coverage, beside the
//! dependencies that its other builds have compiled already; `--deep` compiles everything with it.

mod corpus;
mod report;

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;

use self::report::Report;
use crate::workspace::{Profile, Workspace};
use crate::{command, console, doctor};

/// The package of the targets. Other builds leave it out: for its sake some build tools are compiled in another way.
pub(crate) const PACKAGE: &str = "manent-fuzz";

/// What the server is built from: asked for together with it, dependencies have the features that they have there, and are compiled once.
const SERVER: &str = "manent-cli";

/// What libFuzzer needs in the code; also in `fuzz/rustc-with-coverage.sh`, for the crates of the workspace alone.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Cargo's profile of `--deep`.
const DEEP_PROFILE: &str = "fuzz";

/// How many seconds each target gets in a test run.
const SECONDS_VARIABLE: &str = "MANENT_FUZZ_SECONDS";

/// So many, where nothing is said.
const BRIEF_SECONDS: u64 = 5;

/// Targets of which an input takes a hundred times as long as those of others: they get so many times as long, and begin first.
const SLOW: &[&str] = &["api", "openid", "configuration"];

/// See [`SLOW`].
const SLOW_FACTOR: u64 = 4;

/// Where chance begins in a test run.
const SEED_VARIABLE: &str = "MANENT_FUZZ_SEED";

/// There, where nothing is said: a change is judged by what it changed.
const SEED: u32 = 4711;

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
    /// Add the inputs that reach something new to the corpus, and take out those that have become needless
    #[arg(long, visible_alias = "keep")]
    grow: bool,
    /// See also what dependencies do with an input; everything is compiled once more, for some minutes
    #[arg(long)]
    deep: bool,
    /// List the targets and stop
    #[arg(long)]
    list: bool,
}

/// Runs for as long as one likes.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let fuzzing = Fuzzing::of(workspace, options.deep)?;
    if options.list {
        for target in &fuzzing.targets {
            println!("{:24} {}", target.name, target.about);
        }
        return Ok(());
    }
    let chosen = fuzzing.chosen(options.target.as_deref())?;
    fuzzing.build()?;
    for target in chosen {
        let mut command = fuzzing.command(target)?;
        command.arg(format!("-max_total_time={}", options.seconds));
        command::run(&mut command).with_context(|| fuzzing.advice(target))?;
        if options.grow {
            fuzzing.grow(target)?;
        }
    }
    Ok(())
}

/// The corpus of every target and some seconds of new inputs, as many targets at once as there are processors. All are run, whatever is found.
pub(crate) fn run_briefly(workspace: &Workspace) -> Result<()> {
    let seconds = number(SECONDS_VARIABLE)?.unwrap_or(BRIEF_SECONDS);
    let seed = number(SEED_VARIABLE)?.unwrap_or(SEED);
    let fuzzing = Fuzzing::of(workspace, false)?;
    fuzzing.build()?;
    println!(
        "  {} targets, {seconds} s each, {} s those that are slow, seed {seed} ({SECONDS_VARIABLE} and {SEED_VARIABLE} say otherwise)",
        fuzzing.targets.len(),
        seconds * SLOW_FACTOR
    );
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let is_slow = |target: &&Target| SLOW.contains(&&*target.name);
    let (slow, quick): (Vec<_>, Vec<_>) = fuzzing.targets.iter().partition(is_slow);
    let slow = slow
        .into_iter()
        .map(|target| (target, seconds * SLOW_FACTOR));
    let quick = quick.into_iter().map(|target| (target, seconds));
    let (waiting, findings) = (Mutex::new(slow.chain(quick)), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((target, seconds)) = next(&waiting) {
                    match fuzzing.fuzz_briefly(target, Duration::from_secs(seconds), seed) {
                        Ok(report) => println!("  {:24} {seconds:3} s, {report}", target.name),
                        Err(finding) => {
                            console::notice(&format!("FOUND SOMETHING: {}", target.name));
                            if let Ok(mut findings) = findings.lock() {
                                findings.push(format!("{finding:#}"));
                            }
                        }
                    }
                }
            });
        }
    });
    let findings = findings.into_inner().unwrap_or_default();
    if !findings.is_empty() {
        bail!("{}", findings.join("\n\n"));
    }
    Ok(())
}

fn next<Waiting: Iterator>(waiting: &Mutex<Waiting>) -> Option<Waiting::Item> {
    waiting.lock().ok()?.next()
}

/// A number that the environment gives.
fn number<T: std::str::FromStr>(variable: &str) -> Result<Option<T>> {
    let Some(text) = std::env::var_os(variable) else {
        return Ok(None);
    };
    let read = text.to_str().and_then(|text| text.parse().ok());
    let read =
        read.with_context(|| format!("{variable} is `{}`, which is no number", text.display()))?;
    Ok(Some(read))
}

/// One program that libFuzzer runs.
pub(crate) struct Target {
    /// Of the program and of the folder of its corpus.
    pub(crate) name: String,
    /// What it reads, and its promise.
    about: String,
}

/// The folder of fuzzing.
pub(crate) struct Fuzzing {
    folder: PathBuf,
    target_directory: PathBuf,
    output: PathBuf,
    /// By name.
    pub(crate) targets: Vec<Target>,
    is_deep: bool,
}

impl Fuzzing {
    /// What there is to fuzz.
    pub(crate) fn of(workspace: &Workspace, is_deep: bool) -> Result<Self> {
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
            target_directory: workspace.target().to_owned(),
            output: workspace.target().join("fuzz"),
            targets,
            is_deep,
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

    fn build(&self) -> Result<()> {
        doctor::require_c_compiler()?;
        doctor::require_cxx_compiler()?;
        console::progress("building the fuzz targets (the first time takes some minutes)");
        let mut cargo = command::cargo(&self.folder);
        cargo.args(["build", "--quiet", "--package", PACKAGE]);
        for target in &self.targets {
            cargo.args(["--bin", &target.name]);
        }
        if self.is_deep {
            // For the machine's own triple, named so that build scripts and macros are compiled without coverage.
            cargo
                .args(["--profile", DEEP_PROFILE, "--target", &host()?])
                .env("CARGO_TARGET_DIR", &self.output)
                .env_remove("CARGO_ENCODED_RUSTFLAGS")
                .env("RUSTFLAGS", COVERAGE.join(" "));
        } else {
            cargo
                .args(["--package", SERVER])
                .env("RUSTC_WORKSPACE_WRAPPER", self.compiler()?);
        }
        command::run(&mut cargo)
    }

    /// The stand-in for rustc, in a place that is another one when it says something else: cargo looks at its path alone.
    fn compiler(&self) -> Result<PathBuf> {
        let source = self.folder.join("rustc-with-coverage.sh");
        let text = fs::read(&source).context("cannot read fuzz/rustc-with-coverage.sh")?;
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let folder = self.output.join(format!("{:016x}", hasher.finish()));
        let place = folder.join("rustc-with-coverage.sh");
        if !place.exists() {
            fs::create_dir_all(&folder)?;
            fs::copy(&source, &place)?;
        }
        Ok(place)
    }

    fn program(&self, target: &Target) -> Result<PathBuf> {
        let folder = if self.is_deep {
            self.output.join(host()?).join(DEEP_PROFILE)
        } else {
            self.target_directory.join(Profile::Debug.directory())
        };
        Ok(folder.join(&target.name))
    }

    /// Inputs that are kept.
    pub(crate) fn corpus(&self, target: &Target) -> PathBuf {
        self.folder.join("corpus").join(&target.name)
    }

    /// Where inputs end up that reached something new.
    fn fresh(&self, target: &Target) -> PathBuf {
        self.output.join("new").join(&target.name)
    }

    /// Where inputs end up that broke something.
    fn found(&self, target: &Target) -> PathBuf {
        self.folder.join("artifacts").join(&target.name)
    }

    /// The program of a target, with what holds for every run. What is new goes into the first folder; the corpus itself changes only when it
    /// is asked for.
    fn command(&self, target: &Target) -> Result<std::process::Command> {
        let (fresh, corpus, found) = (self.fresh(target), self.corpus(target), self.found(target));
        for folder in [&fresh, &corpus, &found] {
            fs::create_dir_all(folder)?;
        }
        let mut command = command::new(self.program(target)?, &self.folder);
        command
            .args([fresh, corpus])
            .args([SLOWEST_INPUT, MOST_MEMORY, "-max_len=16384"])
            .arg(format!("-artifact_prefix={}/", found.display()));
        Ok(command)
    }

    /// Without a word, unless something is found: what libFuzzer says goes into a file.
    fn fuzz_briefly(&self, target: &Target, time: Duration, seed: u32) -> Result<Report> {
        corpus::clear(&self.fresh(target))?;
        let log = self
            .output
            .join("logs")
            .join(format!("{}.log", target.name));
        fs::create_dir_all(self.output.join("logs"))?;
        let file = File::create(&log)?;
        let status = self
            .command(target)?
            .arg(format!("-max_total_time={}", time.as_secs()))
            .arg(format!("-seed={seed}"))
            .arg("-print_final_stats=1")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()
            .with_context(|| format!("the target {} does not start", target.name))?;
        let said = fs::read(&log)?;
        let said = String::from_utf8_lossy(&said);
        if !status.success() {
            return Err(anyhow!("{}", report::last_words(&said)).context(self.advice(target)));
        }
        let inputs = corpus::files(&self.corpus(target))?.len();
        Report::read(&said, inputs).with_context(|| {
            format!(
                "{} ended without having run; see {}",
                target.name,
                log.display()
            )
        })
    }

    fn advice(&self, target: &Target) -> String {
        let program = self.program(target).unwrap_or_default();
        format!(
            "the target {} found something. The input lies in {}; replay it with `{} FILE`, make it smaller with \
             `-minimize_crash=1 -runs=10000` before FILE, and keep it as a test beside what is mended",
            target.name,
            self.found(target).display(),
            program.display(),
        )
    }
}

/// What the first comment of a target says.
fn about(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
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

    #[test]
    fn the_stand_in_for_rustc_has_the_flags_that_a_deep_build_has() {
        let script = include_str!("../../fuzz/rustc-with-coverage.sh");
        let missing: Vec<_> = COVERAGE
            .iter()
            .filter(|flag| !script.contains(*flag))
            .collect();
        assert_eq!(missing, Vec::<&&str>::new());
    }
}
