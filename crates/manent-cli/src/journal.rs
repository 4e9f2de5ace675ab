//! `manent journal`: what waits in the journal, and saving what is left of a damaged one.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use manent_journal::{
    JournalReport, RefusedError, SalvageReport, inspect, retry_refused, salvage, set_refused_aside,
};
use serde_json::{Value, json};

use crate::arguments::{DoctorOptions, JournalCommand, JournalOptions, SalvageOptions};
use crate::exit::Failure;
use crate::{configuration, console};

/// So many lanes and refused entries are shown to people; JSON has all of them.
const SHOWN: usize = 20;

/// Runs a subcommand.
pub(crate) fn run(options: &JournalOptions) -> Result<(), Failure> {
    match &options.command {
        JournalCommand::Inspect(options) => show(options),
        JournalCommand::Salvage(options) => save(options),
        JournalCommand::Retry(settings) => {
            let directory = configuration::read(settings)?.journal_directory();
            let count = retry_refused(&directory).map_err(of_refused)?;
            console::print(&format!(
                "{} again at the next start.\n",
                counted(count, "entry is tried", "entries are tried")
            ));
            Ok(())
        }
        JournalCommand::SetAside(options) => {
            let directory = configuration::read(&options.settings)?.journal_directory();
            let count = set_refused_aside(&directory, &options.file).map_err(of_refused)?;
            console::print(&format!(
                "{} in {} now.\n",
                counted(count, "entry is", "entries are"),
                options.file.display()
            ));
            Ok(())
        }
    }
}

fn of_refused(error: RefusedError) -> Failure {
    match error {
        RefusedError::Open(error) => Failure::Store(error.to_string()),
        RefusedError::Nothing { .. } | RefusedError::Exists { .. } => {
            Failure::Other(error.to_string())
        }
    }
}

fn counted(count: u64, one: &str, several: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    }
}

fn show(options: &DoctorOptions) -> Result<(), Failure> {
    let directory = configuration::read(&options.settings)?.journal_directory();
    let report = inspect(&directory).map_err(|error| Failure::Store(error.to_string()))?;
    let text = match (report, options.json) {
        (report, true) => format!("{:#}\n", as_json(&directory, report.as_ref())),
        (None, false) => format!("There is no journal in {}.\n", directory.display()),
        (Some(report), false) => as_text(&directory, &report),
    };
    console::print(&text);
    Ok(())
}

fn as_text(directory: &Path, report: &JournalReport) -> String {
    let mut text = format!("journal   {}\n", directory.display());
    let used = if report.is_held {
        "a server uses it now"
    } else {
        "no server uses it now"
    };
    // Writing into a string does not fail.
    let _ = writeln!(text, "use       {used}");
    let _ = writeln!(
        text,
        "size      {} bytes in {}",
        report.bytes,
        counted(
            report.segments as u64,
            "file of entries",
            "files of entries"
        )
    );
    let _ = writeln!(text, "waiting   {}", report.waiting);
    for (kind, count) in &report.waiting_by_kind {
        let _ = writeln!(text, "          {kind}: {count}");
    }
    if let Some(at) = report.oldest_at {
        let _ = writeln!(text, "oldest    {at}");
    }
    if report.unfinished_bytes > 0 {
        let _ = writeln!(
            text,
            "tail      {} bytes of an append that never finished; the next start cuts them off",
            report.unfinished_bytes
        );
    }
    if !report.lanes.is_empty() {
        text.push_str("\nconversations with entries that wait:\n");
        for lane in report.lanes.iter().take(SHOWN) {
            let _ = writeln!(text, "  {}  {}", lane.lane, lane.waiting);
        }
        more(&mut text, report.lanes.len());
    }
    let _ = writeln!(text, "\nrefused   {}", report.refused.len());
    for refused in report.refused.iter().take(SHOWN) {
        let _ = writeln!(
            text,
            "  number {}  {}  conversation {}  {}",
            refused.position, refused.kind, refused.lane, refused.code
        );
    }
    more(&mut text, report.refused.len());
    text
}

fn more(text: &mut String, count: usize) {
    if let Some(rest) = count.checked_sub(SHOWN)
        && rest > 0
    {
        let _ = writeln!(text, "  and {rest} more (--json has all)");
    }
}

fn as_json(directory: &Path, report: Option<&JournalReport>) -> Value {
    let time = |at: Option<manent_types::Timestamp>| at.map(|at| at.to_string());
    let directory = directory.display().to_string();
    let Some(report) = report else {
        return json!({"directory": directory, "exists": false});
    };
    let lanes: Vec<Value> = report
        .lanes
        .iter()
        .map(|lane| json!({"id": lane.lane.to_string(), "waiting": lane.waiting, "oldestAt": time(lane.oldest_at)}))
        .collect();
    let refused: Vec<Value> = report
        .refused
        .iter()
        .map(|refused| {
            json!({
                "position": refused.position,
                "kind": refused.kind,
                "lane": refused.lane.to_string(),
                "code": refused.code,
                "journalledAt": time(refused.journalled_at),
                "refusedAt": time(refused.refused_at),
            })
        })
        .collect();
    json!({
        "directory": directory,
        "exists": true,
        "inUse": report.is_held,
        "bytes": report.bytes,
        "files": report.segments,
        "waiting": report.waiting,
        "waitingByKind": report.waiting_by_kind,
        "oldestAt": time(report.oldest_at),
        "lanes": lanes,
        "refused": refused,
        "unfinishedBytes": report.unfinished_bytes,
    })
}

fn save(options: &SalvageOptions) -> Result<(), Failure> {
    let source = match &options.path {
        Some(path) => path.clone(),
        None => configuration::read(&options.settings)?.journal_directory(),
    };
    if options.replace && !source.is_dir() {
        return Err(Failure::Other(
            "--replace works on a journal's whole directory: name the directory, or use --to"
                .to_owned(),
        ));
    }
    let target = match &options.to {
        Some(target) => target.clone(),
        None => beside(&source, "salvaged"),
    };
    let report = salvage(&source, &target).map_err(|error| Failure::Store(error.to_string()))?;
    let mut text = told(&report);
    if options.replace {
        let kept = replace(&source, &target)?;
        let _ = writeln!(
            text,
            "\nThe new journal is in its place, {}; the damaged one is kept as {}.\nStart the server: it stores what waits.",
            source.display(),
            kept.display()
        );
    } else {
        let _ = writeln!(
            text,
            "\nThe new journal is {}; the damaged one was not touched.\nPut it into the place of the damaged one while the server is stopped, or use --replace.",
            target.display()
        );
    }
    console::print(&text);
    Ok(())
}

fn told(report: &SalvageReport) -> String {
    let mut text = format!(
        "saved     {} entries that wait for the store\nrefused   {} entries that it can never take\ndone      {} entries that need nothing more\n",
        report.saved, report.refused, report.settled
    );
    if report.left_out.is_empty() {
        text.push_str("left out  nothing\n");
    }
    for left_out in &report.left_out {
        let place = if left_out.bytes > 0 {
            format!(
                "{} bytes of {} from byte {}",
                left_out.bytes,
                left_out.file.display(),
                left_out.offset
            )
        } else {
            left_out.file.display().to_string()
        };
        let _ = writeln!(text, "left out  {place}: {}", left_out.what);
    }
    text
}

/// Puts the new journal into the place of the damaged one; where that one is now.
fn replace(source: &Path, target: &Path) -> Result<PathBuf, Failure> {
    let kept = (1..1_000)
        .map(|number| beside(source, &format!("damaged-{number}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| beside(source, "damaged"));
    let failed = |error: std::io::Error| {
        Failure::Other(format!(
            "the journals could not be renamed: {error}. The new one is {}",
            target.display()
        ))
    };
    fs::rename(source, &kept).map_err(failed)?;
    fs::rename(target, source).map_err(failed)?;
    Ok(kept)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.{suffix}"))
}
