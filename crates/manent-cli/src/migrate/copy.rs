//! Copying everything from one store to another.
//!
//! Invariant: what the target holds is always the beginning of what the source holds, kind by kind and in order. So a copy that was
//! interrupted finds its place by what is there, and a target that holds anything else is refused before a single record is written.

use manent_domain::ports::{StoreError, TransferRepository};
use manent_domain::transfer::{RecordKind, TransferRecord};

use super::pages::Pages;

/// Why a copy stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    /// The source failed.
    #[error(
        "the source: {0}. Nothing is lost: start the same command again, and it goes on where it stopped"
    )]
    Source(StoreError),
    /// The target failed.
    #[error(
        "the target: {0}. Nothing is lost: start the same command again, and it goes on where it stopped"
    )]
    Target(StoreError),
    /// The target is not empty and not the beginning of such a copy.
    #[error(
        "the target holds other data: its {} differ from the source's, first at number {number}. Nothing was written. Name an empty store as the \
         target; a copy can only be continued while its source stays as it was",
        kind.name()
    )]
    OtherData {
        /// The first kind that differs.
        kind: RecordKind,
        /// Its first record that differs, from 1.
        number: u64,
    },
}

/// How a copy gets on.
pub(crate) trait Progress {
    /// So many records of the kind are in the target now.
    fn reached(&mut self, kind: RecordKind, records: u64);
    /// All records of the kind are in the target, so many.
    fn finished(&mut self, kind: RecordKind, records: u64);
}

/// What a copy did with the records of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Of which kind.
    pub(crate) kind: RecordKind,
    /// Records that were in the target already.
    pub(crate) found: u64,
    /// Records that were written.
    pub(crate) written: u64,
}

/// Copies what the target does not hold yet.
pub(crate) async fn copy(
    source: &dyn TransferRepository,
    target: &dyn TransferRepository,
    progress: &mut (dyn Progress + Send),
) -> Result<Vec<Copied>, CopyError> {
    let places = find_places(source, target).await?;
    let mut copied = Vec::with_capacity(places.len());
    for (kind, place) in places {
        let mut written = 0;
        let mut pages = Pages::after(source, kind, place.last);
        loop {
            let records = pages.next().await.map_err(CopyError::Source)?;
            if records.is_empty() {
                break;
            }
            written += records.len() as u64;
            target.import(records).await.map_err(CopyError::Target)?;
            progress.reached(kind, place.found + written);
        }
        progress.finished(kind, place.found + written);
        copied.push(Copied {
            kind,
            found: place.found,
            written,
        });
    }
    Ok(copied)
}

/// Where to go on with a kind.
struct Place {
    found: u64,
    last: Option<TransferRecord>,
}

/// Compares what the target holds with the source, before anything is written.
async fn find_places(
    source: &dyn TransferRepository,
    target: &dyn TransferRepository,
) -> Result<Vec<(RecordKind, Place)>, CopyError> {
    let mut places: Vec<(RecordKind, Place)> = Vec::new();
    let mut is_unfinished = false;
    for kind in RecordKind::ALL {
        let mut place = Place {
            found: 0,
            last: None,
        };
        let mut there = Pages::of(target, kind);
        let mut here = Pages::of(source, kind);
        let mut expected = Vec::new().into_iter();
        loop {
            let records = there.next().await.map_err(CopyError::Target)?;
            if records.is_empty() {
                break;
            }
            for record in records {
                if expected.len() == 0 {
                    expected = here.next().await.map_err(CopyError::Source)?.into_iter();
                }
                // Kinds are written one after the other: nothing comes behind one that is not whole.
                if is_unfinished || expected.next().as_ref() != Some(&record) {
                    return Err(CopyError::OtherData {
                        kind,
                        number: place.found + 1,
                    });
                }
                place.found += 1;
                place.last = Some(record);
            }
        }
        if !is_unfinished && expected.len() == 0 {
            expected = here.next().await.map_err(CopyError::Source)?.into_iter();
        }
        is_unfinished |= expected.len() > 0;
        places.push((kind, place));
    }
    Ok(places)
}
