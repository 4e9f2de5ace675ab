//! Reading the records of a kind, page by page.

use manent_domain::ports::{StoreError, TransferRepository};
use manent_domain::transfer::{RecordKind, TransferRecord};

/// The most records of a page.
const MOST_RECORDS: usize = 1_000;

/// The records of the first page: what a record takes is not known yet.
const FIRST_RECORDS: usize = 32;

/// About how many bytes a page may have. One larger record makes a page of its own.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// The pages of a kind, in its order.
pub(crate) struct Pages<'store> {
    store: &'store dyn TransferRepository,
    kind: RecordKind,
    after: Option<TransferRecord>,
    limit: usize,
    is_at_end: bool,
}

impl<'store> Pages<'store> {
    /// All of them.
    pub(crate) fn of(store: &'store dyn TransferRepository, kind: RecordKind) -> Self {
        Self::after(store, kind, None)
    }

    /// Those after a record.
    pub(crate) fn after(
        store: &'store dyn TransferRepository,
        kind: RecordKind,
        after: Option<TransferRecord>,
    ) -> Self {
        Self {
            store,
            kind,
            after,
            limit: FIRST_RECORDS,
            is_at_end: false,
        }
    }

    /// The next page; empty at the end.
    pub(crate) async fn next(&mut self) -> Result<Vec<TransferRecord>, StoreError> {
        if self.is_at_end {
            return Ok(Vec::new());
        }
        let records = self
            .store
            .export(self.kind, self.after.take(), self.limit)
            .await?;
        self.is_at_end = records.is_empty();
        if let Some(last) = records.last() {
            self.after = Some(last.clone());
            let bytes: usize = records.iter().map(size_of_record).sum();
            let each = (bytes / records.len()).max(1);
            self.limit = (PAGE_BYTES / each).clamp(1, MOST_RECORDS);
        }
        Ok(records)
    }
}

/// About what a record takes.
fn size_of_record(record: &TransferRecord) -> usize {
    match record {
        TransferRecord::Message { message, .. } => {
            let parts = message.content.iter().map(size_of_part);
            parts.sum::<usize>() + 256
        }
        TransferRecord::Change { before, .. } => before.as_ref().map_or(0, String::len) + 256,
        TransferRecord::RunEvents { events, .. } => events.len() + 64,
        TransferRecord::Document { document, .. } => {
            let body = serde_json::to_string(document.body.as_map());
            body.map_or(0, |body| body.len()) + 256
        }
        TransferRecord::AccountRow { key, row, .. } => key.len() + row.len() + 64,
        TransferRecord::User { .. }
        | TransferRecord::Conversation { .. }
        | TransferRecord::Lane { .. }
        | TransferRecord::Refusal { .. }
        | TransferRecord::Run { .. }
        | TransferRecord::Feed { .. } => 256,
    }
}

fn size_of_part(part: &manent_types::Part) -> usize {
    use manent_types::Part;
    match part {
        Part::Text { text } | Part::Reasoning { text, .. } => text.len(),
        Part::Image { data, .. } => data.as_ref().map_or(0, String::len),
        Part::ToolCall { arguments, .. } => arguments.to_string().len(),
        Part::ToolResult { content, .. } => content.len(),
        Part::Error { detail, .. } => detail.len(),
    }
}
