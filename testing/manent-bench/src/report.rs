//! What a benchmark found: each figure beside its floor, their ratio, the target, and whether it was reached.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::machine::Machine;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Microseconds.
    #[serde(rename = "us")]
    Microseconds,
    /// Microseconds of processor time for each token.
    #[serde(rename = "us CPU per token")]
    MicrosecondsPerToken,
    /// Milliseconds of processor time for 1000 tokens.
    #[serde(rename = "ms CPU per 1000 tokens")]
    MillisecondsPerThousandTokens,
    /// So many.
    #[serde(rename = "count")]
    Count,
    /// Per second.
    #[serde(rename = "1/s")]
    PerSecond,
    /// Mebibytes.
    #[serde(rename = "MiB")]
    Mebibytes,
    /// Kibibytes.
    #[serde(rename = "KiB")]
    Kibibytes,
}

impl Unit {
    fn symbol(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Microseconds => "us",
            Self::MicrosecondsPerToken => "us/token",
            Self::MillisecondsPerThousandTokens => "ms/1000 tokens",
            Self::Count => "",
            Self::PerSecond => "/s",
            Self::Mebibytes => "MiB",
            Self::Kibibytes => "KiB",
        }
    }
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "value")]
pub(crate) enum Target {
    /// The figure divided by the floor is at most this.
    RatioAtMost(f64),
    /// The figure divided by the floor is at least this.
    RatioAtLeast(f64),
    /// The figure itself is at most this.
    AtMost(f64),
    /// The figure is at most so much over the floor.
    OverFloorAtMost(f64),
}

impl Target {
    fn is_reached(self, figure: f64, floor: Option<f64>) -> Option<bool> {
        Some(match self {
            Self::RatioAtMost(most) => figure <= most * floor?,
            Self::RatioAtLeast(least) => figure >= least * floor?,
            Self::AtMost(most) => figure <= most,
            Self::OverFloorAtMost(most) => figure - floor? <= most,
        })
    }

    fn text(self, unit: Unit) -> String {
        match self {
            Self::RatioAtMost(most) => format!("<= {most}x"),
            Self::RatioAtLeast(least) => format!(">= {least}x"),
            Self::AtMost(most) => format!("<= {}", with_unit(most, unit)),
            Self::OverFloorAtMost(most) => format!("<= +{}", with_unit(most, unit)),
        }
    }
}

/// One line of a report.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    name: String,
    unit: Unit,
    figure: f64,
    floor_name: Option<String>,
    floor: Option<f64>,
    ratio: Option<f64>,
    target: Option<Target>,
    reached: Option<bool>,
}

impl Row {
    /// A figure with no floor and no target yet.
    pub(crate) fn new(name: impl Into<String>, unit: Unit, figure: f64) -> Self {
        Self {
            name: name.into(),
            unit,
            figure,
            floor_name: None,
            floor: None,
            ratio: None,
            target: None,
            reached: None,
        }
    }

    /// The floor, measured in the same run.
    pub(crate) fn floor(mut self, name: impl Into<String>, floor: f64) -> Self {
        self.floor_name = Some(name.into());
        self.floor = Some(floor);
        self.ratio = Some(self.figure / floor);
        self.judged()
    }

    /// The target.
    pub(crate) fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self.judged()
    }

    fn judged(mut self) -> Self {
        self.reached = self
            .target
            .and_then(|target| target.is_reached(self.figure, self.floor));
        self
    }

    fn cells(&self) -> [String; 6] {
        let floor = match (&self.floor_name, self.floor) {
            (Some(name), Some(floor)) => format!("{} ({name})", with_unit(floor, self.unit)),
            _ => "-".to_owned(),
        };
        [
            self.name.clone(),
            with_unit(self.figure, self.unit),
            floor,
            self.ratio
                .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}x")),
            self.target
                .map_or_else(|| "-".to_owned(), |target| target.text(self.unit)),
            match self.reached {
                Some(true) => "yes".to_owned(),
                Some(false) => "NO".to_owned(),
                None => "-".to_owned(),
            },
        ]
    }
}

fn with_unit(value: f64, unit: Unit) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let digits = if unit == Unit::Count { 0 } else { digits };
    format!("{value:.digits$} {}", unit.symbol())
        .trim_end()
        .to_owned()
}

/// What one benchmark found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    benchmark: &'static str,
    quick: bool,
    machine: Machine,
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Report {
    /// An empty report of this machine, now.
    pub(crate) fn new(benchmark: &'static str, quick: bool) -> Self {
        Self {
            benchmark,
            quick,
            machine: Machine::read(),
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a line.
    pub(crate) fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds a remark: what was left out, what the run was like.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// How many targets were missed.
    pub(crate) fn missed(&self) -> usize {
        let is_missed = |row: &&Row| row.reached == Some(false);
        self.rows.iter().filter(is_missed).count()
    }

    /// Prints the table.
    ///
    /// # Errors
    /// When the output is closed.
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        let heading = ["figure", "value", "floor", "ratio", "target", "reached?"];
        let mut table = vec![heading.map(str::to_owned)];
        table.extend(self.rows.iter().map(Row::cells));
        let mut widths = [0; 6];
        for line in &table {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut out = std::io::stdout().lock();
        let kind = if self.quick { " (quick)" } else { "" };
        writeln!(out, "\n{}{kind}: {}", self.benchmark, self.machine)?;
        for line in &table {
            for (cell, width) in line.iter().zip(widths) {
                write!(out, "{cell:width$}  ")?;
            }
            writeln!(out)?;
        }
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        match self.missed() {
            0 => writeln!(out, "Every target of this benchmark was reached.")?,
            missed => writeln!(out, "{missed} target(s) MISSED.")?,
        }
        Ok(())
    }

    /// Writes the report as JSON, named after the benchmark.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write(&self, directory: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(directory)?;
        let file = directory.join(format!("{}.json", self.benchmark));
        std::fs::write(&file, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_is_judged_against_the_floor_of_the_run() {
        let row = Row::new("appends", Unit::PerSecond, 90.0).target(Target::RatioAtLeast(0.9));
        assert_eq!(row.reached, None);
        assert_eq!(row.clone().floor("plain", 100.0).reached, Some(true));
        assert_eq!(row.floor("plain", 101.0).reached, Some(false));
    }

    #[test]
    fn missed_targets_are_counted() {
        let mut report = Report::new("test", true);
        report.row(Row::new("a", Unit::Milliseconds, 2.0).target(Target::AtMost(1.0)));
        report.row(Row::new("b", Unit::Milliseconds, 1.0).target(Target::AtMost(1.0)));
        report.row(Row::new("c", Unit::Milliseconds, 9.0));
        assert_eq!(report.missed(), 1);
    }
}
