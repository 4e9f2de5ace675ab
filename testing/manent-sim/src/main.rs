//! The simulation as a program: as many worlds as one likes. `cargo xtask sim` builds and starts it.
#![expect(
    clippy::print_stdout,
    reason = "a command line speaks on standard output"
)]

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::Parser;
use manent_sim::{Campaign, Progress, Scenario, narrate, shrink};

/// How often the program says how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// Simulates engines, their stores, the network and a server, with everything going wrong, until a promise is broken or enough was written.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask sim", bin_name = "cargo xtask sim")]
struct CommandLine {
    /// Stop after so many simulated messages
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// Stop after so many minutes, whatever was written
    #[arg(long)]
    minutes: Option<f64>,
    /// The first world's seed; the others follow
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Messages in one world
    #[arg(long, default_value_t = 200)]
    world: usize,
    /// Devices in each world
    #[arg(long, default_value_t = 3)]
    devices: usize,
    /// The most tabs of a device
    #[arg(long, default_value_t = 3)]
    tabs: usize,
    /// Worlds side by side [default: as many as the machine has processors]
    #[arg(long)]
    threads: Option<usize>,
    /// Run the first world alone and tell everything that happens in it
    #[arg(long)]
    story: bool,
}

fn main() -> ExitCode {
    let arguments = CommandLine::parse();
    let first = Scenario {
        seed: arguments.seed,
        messages: arguments.world,
        devices: arguments.devices,
        tabs: arguments.tabs,
    };
    if arguments.story {
        return tell(first);
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let campaign = Campaign {
        first,
        messages: arguments.messages,
        threads: arguments.threads.unwrap_or(processors).max(1),
    };
    let start = Instant::now();
    let last_told = Mutex::new(start);
    let limit = arguments
        .minutes
        .and_then(|minutes| Duration::try_from_secs_f64(minutes * 60.0).ok());
    let result = campaign.run(|progress| {
        if let Ok(mut last) = last_told.lock()
            && last.elapsed() >= PROGRESS_EVERY
        {
            *last = Instant::now();
            println!("{}", line(progress, start.elapsed(), arguments.messages));
        }
        match limit {
            Some(limit) if start.elapsed() >= limit => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    match result {
        Ok(progress) => {
            println!("{}", line(&progress, start.elapsed(), arguments.messages));
            println!("{:#?}", progress.report);
            println!("every promise held");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("BROKEN: {failure}\n  replay: {}", failure.replay());
            println!("looking for a smaller world that breaks the same promise ...");
            let smaller = shrink(failure);
            println!("smallest: {smaller}\n  replay: {}", smaller.replay());
            ExitCode::FAILURE
        }
    }
}

fn tell(scenario: Scenario) -> ExitCode {
    let (result, story) = narrate(scenario);
    for line in story {
        println!("{line}");
    }
    match result {
        Ok(report) => {
            println!("{report:#?}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("BROKEN: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn line(progress: &Progress, elapsed: Duration, wanted: usize) -> String {
    let seconds = elapsed.as_secs_f64();
    let written = progress.report.written;
    let rate = written as u128 * 1_000 / elapsed.as_millis().max(1);
    format!(
        "{written} of {wanted} messages in {} worlds, {} requests, {} crashes; {seconds:.0} s, {rate} messages/s",
        progress.worlds, progress.report.requests, progress.report.crashes,
    )
}
