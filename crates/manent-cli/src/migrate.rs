//! `manent migrate`: brings the configured store up to date, or moves everything from one store to another.

mod compare;
mod copy;
mod pages;
pub(crate) mod store;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use manent_domain::ports::TransferRepository;
use manent_domain::transfer::RecordKind;
use manent_journal::inspect;

use self::compare::{Comparison, compare};
use self::copy::{Copied, Progress, copy};
use self::store::{Place, Side};
use crate::arguments::{MigrateOptions, SettingsOptions};
use crate::exit::Failure;
use crate::{configuration, console};

/// How often a long copy says how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);

/// Runs the command.
pub(crate) fn run(options: &MigrateOptions) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("the runtime cannot be started: {error}")))?;
    let outcome = if options.from.is_none() && options.to.is_none() {
        if options.verify_only {
            return Err(Failure::Other(
                "--verify-only compares two stores: name them with --from and --to".to_owned(),
            ));
        }
        runtime.block_on(bring_up_to_date(&options.settings))
    } else {
        runtime.block_on(move_everything(options))
    };
    runtime.shutdown_background();
    outcome
}

async fn bring_up_to_date(settings: &SettingsOptions) -> Result<(), Failure> {
    let place = Place::configured(settings)?;
    let versions = store::migrate(&place).await?;
    let done = match (versions.before, versions.after) {
        (None, after) => format!("was created with schema {after}"),
        (Some(before), after) if before == after => {
            format!("has schema {after}: there was nothing to do")
        }
        (Some(before), after) => format!("had schema {before} and has schema {after} now"),
    };
    console::print(&format!("{place} {done}.\n"));
    Ok(())
}

async fn move_everything(options: &MigrateOptions) -> Result<(), Failure> {
    let place = |side: Side, address: Option<&String>| match address {
        Some(address) => Place::given(&options.settings, side, address),
        None => Place::configured(&options.settings),
    };
    let source_place = place(Side::From, options.from.as_ref())?;
    let target_place = place(Side::To, options.to.as_ref())?;
    if source_place.is_same(&target_place) {
        return Err(Failure::Other(
            "--from and --to name the same store".to_owned(),
        ));
    }
    let source = store::open_source(&source_place).await?;
    let target = if options.verify_only {
        store::open_source(&target_place).await?
    } else {
        store::open_target(&target_place).await?
    };
    tell(&format!("from {source_place}\nto   {target_place}"));
    for directory in journals(&options.settings, &source_place)? {
        if let Some(warning) = journal_warning(&directory) {
            tell(&warning);
        }
    }
    let outcome = transfer(
        source.repository().as_ref(),
        target.repository().as_ref(),
        options.verify_only,
    )
    .await;
    source.close().await;
    target.close().await;
    outcome
}

/// The journals that may hold what belongs to the source: the configured one, and the one beside its SQLite database.
fn journals(settings: &SettingsOptions, source: &Place) -> Result<Vec<PathBuf>, Failure> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let configured = configuration::read(settings)?.journal_directory();
    let beside = match source {
        Place::Sqlite(directory) => Some(directory.join("journal")),
        Place::Postgres { .. } => None,
    };
    let other = beside.filter(|beside| real(beside) != real(&configured));
    Ok([configured].into_iter().chain(other).collect())
}

/// What waits in a journal is in neither store.
fn journal_warning(directory: &Path) -> Option<String> {
    match inspect(directory) {
        Ok(Some(report)) if report.waiting > 0 => Some(format!(
            "note: {} entries wait in the journal {}; they are in neither store yet. The next server that starts with this journal stores them",
            report.waiting,
            directory.display()
        )),
        Ok(_) => None,
        Err(error) => Some(format!("note: {error}")),
    }
}

async fn transfer(
    source: &dyn TransferRepository,
    target: &dyn TransferRepository,
    is_verifying_only: bool,
) -> Result<(), Failure> {
    if !is_verifying_only {
        let copied = copy(source, target, &mut Teller::default())
            .await
            .map_err(|error| Failure::Other(error.to_string()))?;
        tell(&summary(&copied));
    }
    tell("comparing: both stores are read again");
    let comparisons = compare(source, target)
        .await
        .map_err(|error| Failure::Other(error.to_string()))?;
    console::print(&compare::table(&comparisons));
    judge(&comparisons)
}

fn summary(copied: &[Copied]) -> String {
    let written: u64 = copied.iter().map(|copied| copied.written).sum();
    let found: u64 = copied.iter().map(|copied| copied.found).sum();
    if found == 0 {
        format!("{written} records were written")
    } else {
        format!("{written} records were written, {found} were there from an earlier try")
    }
}

fn judge(comparisons: &[Comparison]) -> Result<(), Failure> {
    let different: Vec<&str> = comparisons
        .iter()
        .filter(|comparison| !comparison.is_same())
        .map(|comparison| comparison.kind.name())
        .collect();
    if different.is_empty() {
        console::print("Both stores hold the same.\n");
        Ok(())
    } else {
        Err(Failure::Other(format!(
            "the stores differ in: {}. Do not use the target. Was a server working on one of them meanwhile?",
            different.join(", ")
        )))
    }
}

/// Says on standard error how far a copy is.
#[derive(Default)]
struct Teller {
    last: Option<(RecordKind, Instant)>,
}

impl Progress for Teller {
    fn reached(&mut self, kind: RecordKind, records: u64) {
        let is_due = match self.last {
            Some((last, at)) if last == kind => at.elapsed() >= PROGRESS_INTERVAL,
            _ => false,
        };
        if is_due {
            tell(&format!("{}: {records} so far", kind.name()));
        }
        if is_due || self.last.is_none_or(|(last, _)| last != kind) {
            self.last = Some((kind, Instant::now()));
        }
    }

    fn finished(&mut self, kind: RecordKind, records: u64) {
        if records > 0 {
            tell(&format!("{}: {records}", kind.name()));
        }
    }
}

fn tell(message: &str) {
    console::note(message);
}
