//! The command line.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand, ValueEnum};

use crate::benchmark;
use crate::environment::Environment;
use crate::floor::{bare_answer, bare_append, parsing_passthrough, passthrough};
use crate::report::Report;

/// Measures Manent against floors of the same run. Without names: everything.
#[derive(Debug, Parser)]
#[command(name = "bench", args_conflicts_with_subcommands = true)]
pub(crate) struct CommandLine {
    /// Which benchmarks to run.
    #[arg(value_enum)]
    names: Vec<Name>,
    /// Short rounds and small data, each benchmark under a minute: shows that it works, not what the figures are.
    #[arg(long)]
    quick: bool,
    /// The server's binary [default: `manent` beside this program].
    #[arg(long)]
    server: Option<PathBuf>,
    #[command(subcommand)]
    floor: Option<FloorCommand>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    Completion,
    Runs,
    Append,
    Engine,
    Postgres,
    List,
    Search,
    Process,
}

#[derive(Debug, Subcommand)]
enum FloorCommand {
    /// Runs a floor as a server of its own (the benchmarks start these themselves).
    #[command(subcommand, hide = true)]
    Floor(Floor),
}

/// A floor that runs in a process of its own.
#[derive(Debug, Clone, Copy, Subcommand)]
enum Floor {
    /// Forwards streams as they come.
    Passthrough { upstream: SocketAddr },
    /// Forwards streams, each delta parsed and written anew.
    ParsingPassthrough { upstream: SocketAddr },
    /// Answers `/` with so many bytes.
    BareAnswer { length: usize },
    /// Answers appends and stores nothing.
    BareAppend,
}

impl CommandLine {
    /// Does what it says.
    ///
    /// # Errors
    /// When something cannot be measured.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if let Some(FloorCommand::Floor(floor)) = self.floor {
            return floor.run();
        }
        let environment = Environment::find(self.quick, self.server)?;
        let names = if self.names.is_empty() {
            Name::value_variants().to_vec()
        } else {
            self.names
        };
        let mut missed = 0;
        for name in names {
            let report = name.run(&environment)?;
            report.print()?;
            report.write(&environment.results)?;
            missed += report.missed();
        }
        let directory = environment.results.display();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nTargets missed: {missed}. JSON: {directory}")?;
        Ok(())
    }
}

impl Name {
    /// Each benchmark has a thread of its own, so that the cores it binds itself to are not the next one's.
    fn run(self, environment: &Environment) -> anyhow::Result<Report> {
        std::thread::scope(|scope| {
            let run = scope.spawn(|| match self {
                Self::Completion => benchmark::completion::run(environment),
                Self::Runs => benchmark::runs::run(environment),
                Self::Append => benchmark::append::run(environment),
                Self::Engine => benchmark::engine::run(environment),
                Self::Postgres => benchmark::postgres::run(environment),
                Self::List => benchmark::list::run(environment),
                Self::Search => benchmark::search::run(environment),
                Self::Process => benchmark::process::run(environment),
            });
            run.join()
                .map_err(|_| anyhow::anyhow!("the benchmark panicked"))?
        })
        .with_context(|| format!("the benchmark {self:?} failed"))
    }
}

impl Floor {
    fn run(self) -> anyhow::Result<()> {
        // As many threads as the process may use cores, like the server itself.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            match self {
                Self::Passthrough { upstream } => passthrough::run(upstream).await,
                Self::ParsingPassthrough { upstream } => parsing_passthrough::run(upstream).await,
                Self::BareAnswer { length } => bare_answer::run(length).await,
                Self::BareAppend => bare_append::run().await,
            }
        })
    }
}
