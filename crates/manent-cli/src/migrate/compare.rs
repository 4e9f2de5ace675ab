//! Comparing two stores: every record of each is read again, counted and hashed.

use manent_domain::ports::{StoreError, TransferRepository};
use manent_domain::transfer::RecordKind;
use sha2::{Digest, Sha256};

use super::pages::Pages;

/// What a store holds of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    /// How many records.
    pub(crate) count: u64,
    /// SHA-256 over all of them in their order, as hexadecimal digits.
    pub(crate) hash: String,
}

/// A kind on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) kind: RecordKind,
    pub(crate) source: Summary,
    pub(crate) target: Summary,
}

impl Comparison {
    pub(crate) fn is_same(&self) -> bool {
        self.source == self.target
    }
}

/// Which side failed, and why.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompareError {
    #[error(
        "the source: {0}. The stores were not compared to the end; start again with --verify-only"
    )]
    Source(StoreError),
    #[error(
        "the target: {0}. The stores were not compared to the end; start again with --verify-only"
    )]
    Target(StoreError),
}

/// Reads both stores, every kind.
pub(crate) async fn compare(
    source: &dyn TransferRepository,
    target: &dyn TransferRepository,
) -> Result<Vec<Comparison>, CompareError> {
    let mut comparisons = Vec::with_capacity(RecordKind::ALL.len());
    for kind in RecordKind::ALL {
        comparisons.push(Comparison {
            kind,
            source: summary(source, kind).await.map_err(CompareError::Source)?,
            target: summary(target, kind).await.map_err(CompareError::Target)?,
        });
    }
    Ok(comparisons)
}

async fn summary(store: &dyn TransferRepository, kind: RecordKind) -> Result<Summary, StoreError> {
    let mut hasher = Sha256::new();
    let mut count = 0;
    let mut pages = Pages::of(store, kind);
    loop {
        let records = pages.next().await?;
        if records.is_empty() {
            break;
        }
        for record in records {
            count += 1;
            // Both sides are written out by the same program in the same moment, so any complete form will do. Each ends with a line feed,
            // which none has inside.
            hasher.update(format!("{record:?}\n"));
        }
    }
    let hash = hasher.finalize();
    let hash = hash
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat();
    Ok(Summary { count, hash })
}

/// A table for people.
pub(crate) fn table(comparisons: &[Comparison]) -> String {
    let mut lines = vec![format!(
        "{:<16} {:>12} {:>12}  {:<9}  SHA-256",
        "", "source", "target", ""
    )];
    for comparison in comparisons {
        let Comparison {
            kind,
            source,
            target,
        } = comparison;
        let (verdict, hash) = if comparison.is_same() {
            ("same", source.hash.clone())
        } else {
            let hashes = format!(
                "{} in the source, {} in the target",
                source.hash, target.hash
            );
            ("DIFFERENT", hashes)
        };
        lines.push(format!(
            "{:<16} {:>12} {:>12}  {verdict:<9}  {hash}",
            kind.name(),
            source.count,
            target.count,
        ));
    }
    lines.join("\n") + "\n"
}
