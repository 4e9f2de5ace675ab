//! Benchmarks, each as a ratio to a floor measured in the same run.
//!
//! Absolute figures follow the machine and its noise; a ratio to what the same machine could do at best in the same minutes does not. So each
//! figure and its floor are measured in turns (A B A B …) and the medians of the rounds are compared. A missed target is said plainly and is no
//! failure of the program.

mod benchmark;
mod child;
mod command_line;
mod contender;
mod cores;
mod data;
mod environment;
mod floor;
mod load;
mod machine;
mod report;
mod statistics;
mod upstream;

use clap::Parser;

use command_line::CommandLine;

fn main() -> anyhow::Result<()> {
    CommandLine::parse().run()
}
