//! The end of a world: everything is in order again and at rest.

use manent_engine::append_api::MessagePayload;
use manent_engine::{FailReason, Fate, ItemId, StoredItem};

use super::World;
use crate::report::Report;
use crate::server::BOMB;
use crate::violation::Violation;

impl World {
    /// What was accepted is stored, or waits for the user, or was ended by the user; what waits does so for a true reason.
    pub(super) fn check_end(&mut self) -> Result<Report, Violation> {
        let mut rows = 0;
        for conversation in &self.conversations {
            rows += self.server.rows(*conversation)?.len();
        }
        if rows != self.ledger.stored_count() {
            return Err(Violation::Simulator("rows and ledger differ".to_owned()));
        }
        for device in &self.devices {
            for (_, tab) in device.living() {
                if !tab.engine.is_idle() {
                    let items = tab.engine.items();
                    let id = items
                        .first()
                        .map_or(ItemId(uuid::Uuid::nil()), |(item, _)| item.id);
                    return Err(Violation::Stuck(id));
                }
            }
        }
        for (id, written) in self.ledger.written() {
            let disk = &self.devices[written.device].disk;
            if disk.has_pending(id) {
                return Err(Violation::Stuck(id));
            }
            if self.ledger.is_on_server(id) || written.is_ended() || !written.is_accepted {
                continue;
            }
            match disk.get(id) {
                Some(item) => self.check_waits(written.device, item)?,
                None if written.is_cleared_away => {}
                None => return Err(Violation::Lost(id)),
            }
        }
        for device in &self.devices {
            for (_, tab) in device.living() {
                self.report.watch(&tab.witness);
            }
            let mut items = device.disk.items();
            let is_thrown_away =
                |item: &&StoredItem<MessagePayload>| matches!(item.fate, Fate::Discarded { .. });
            if let Some(item) = items.find(is_thrown_away) {
                return Err(Violation::NotRemoved(item.id));
            }
        }
        self.report.written = self.ledger.written().count();
        self.report.stored = rows;
        for (id, written) in self.ledger.written() {
            if self.ledger.is_on_server(id) || !written.is_accepted {
                continue;
            }
            if written.is_cleared_away && self.devices[written.device].disk.get(id).is_none() {
                self.report.cleared_away += 1;
            } else {
                self.report.with_the_user += 1;
            }
        }
        Ok(self.report)
    }

    /// An item in the tray is there for a true reason.
    fn check_waits(
        &self,
        device: usize,
        item: &StoredItem<MessagePayload>,
    ) -> Result<(), Violation> {
        let Fate::Failed { reason } = &item.fate else {
            return Ok(());
        };
        let text = item.payload["content"].as_str().unwrap_or_default();
        let is_to_blame = text.is_empty() || text == BOMB;
        let is_parent_missing = item
            .parent
            .is_some_and(|parent| !self.ledger.is_on_server(parent));
        let is_retried = |id| self.ledger.get(id).is_some_and(|it| it.was_retried);
        let was_discarded = self.ledger.get(item.id).is_some_and(|it| it.was_discarded);
        // After its lanes were lost, a device may send an item under a number under which the server refused it once.
        let is_old = is_retried(item.id) && self.devices[device].has_lost_lanes;
        // The server has the parent in an earlier form, and the form that waits here heard that its id is taken.
        let is_parent_old =
            item.parent.is_some_and(is_retried) && self.devices[device].has_lost_lanes;
        // The parent came later: by another try of the user, or by a late request, after its last copy here was gone.
        let is_gone = |id| {
            let written = self.ledger.get(id);
            written.is_some_and(|it| it.is_cleared_away || it.is_given_up)
        };
        let is_parent_late = item
            .parent
            .is_some_and(|parent| is_retried(parent) || is_gone(parent));
        let is_true = match reason {
            FailReason::Withdrawn => true,
            FailReason::TooLarge { limit_bytes } => item.size_bytes > *limit_bytes,
            FailReason::Rejected { .. } => {
                is_to_blame || is_parent_missing || is_parent_late || is_old
            }
            FailReason::Blocked { .. } => {
                is_parent_missing || was_discarded || is_old || is_parent_old
            }
            FailReason::Conflict => is_old,
        };
        if is_true {
            Ok(())
        } else {
            Err(Violation::NotFailed(item.id, reason.clone()))
        }
    }
}
