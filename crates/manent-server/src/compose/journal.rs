//! The journal: opening it, its readiness, its figures.

use std::sync::Arc;

use async_trait::async_trait;
use manent_config::Config;
use manent_domain::ports::{Clock, Journal, JournalStatus};
use manent_journal::{FileJournal, JournalConfig, JournalOpenError};
use metrics::{counter, gauge};

use crate::operations::{NotReady, ReadinessCheck};

/// Opens the journal, where there is to be one.
pub(super) async fn open(
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<Option<FileJournal>, JournalOpenError> {
    if !config.journal.enabled {
        return Ok(None);
    }
    let settings = JournalConfig {
        max_bytes: config.journal.max_bytes,
        seed: rand::random(),
        parent_wait: config.runs.parent_wait,
        ..JournalConfig::new(config.journal_directory(), clock)
    };
    FileJournal::open(settings).await.map(Some)
}

/// Tells whether the journal takes what the store does not.
pub(super) struct JournalReadiness(FileJournal);

impl JournalReadiness {
    pub(super) const fn new(journal: FileJournal) -> Self {
        Self(journal)
    }
}

/// What is worth telling of a journal that works.
fn news(status: &JournalStatus) -> Option<String> {
    let mut news = Vec::new();
    if status.pending > 0 {
        news.push(format!("{} entries wait for the store", status.pending));
    }
    if status.refused > 0 {
        news.push(format!(
            "{} entries can never be stored and are kept aside",
            status.refused
        ));
    }
    (!news.is_empty()).then(|| news.join("; "))
}

#[async_trait]
impl ReadinessCheck for JournalReadiness {
    fn name(&self) -> &'static str {
        "journal"
    }

    async fn check(&self) -> Result<Option<String>, NotReady> {
        let status = self.0.status();
        if status.is_writable {
            return Ok(news(&status));
        }
        let why = format!(
            "takes nothing more: it has {} of {} bytes, or its disk cannot be written (the log says which)",
            status.bytes, status.max_bytes
        );
        let detail = match news(&status) {
            Some(news) => format!("{why}; {news}"),
            None => why,
        };
        Err(NotReady { detail })
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "gauges are floating point; the figures are small"
    )]
    fn publish_metrics(&self) {
        let figures = self.0.metrics();
        let status = figures.status;
        gauge!("manent_journal_waiting_entries").set(status.pending as f64);
        gauge!("manent_journal_refused_entries").set(status.refused as f64);
        gauge!("manent_journal_bytes").set(status.bytes as f64);
        gauge!("manent_journal_max_bytes").set(status.max_bytes as f64);
        gauge!("manent_journal_writable").set(f64::from(u8::from(status.is_writable)));
        gauge!("manent_journal_breaker_open").set(f64::from(u8::from(figures.is_breaker_open)));
        gauge!("manent_journal_oldest_entry_seconds")
            .set(figures.oldest_age.unwrap_or_default().as_secs_f64());
        counter!("manent_journal_entries_total").absolute(figures.appended);
        counter!("manent_journal_drained_entries_total").absolute(figures.drained);
        counter!("manent_journal_syncs_total").absolute(figures.syncs);
        counter!("manent_journal_rounds_total", "outcome" => "settled")
            .absolute(figures.successful_rounds);
        counter!("manent_journal_rounds_total", "outcome" => "failed")
            .absolute(figures.failed_rounds);
        counter!("manent_journal_retries_total").absolute(figures.retries);
    }
}
