//! What readers are told beside the events.

use crate::reader::Notice;

/// What readers are told beside the events.
#[derive(Default)]
pub(super) struct Notices {
    /// `None`: no longer true; new readers are not told.
    told: Vec<Option<Notice>>,
}

impl Notices {
    /// Tells it to all readers, once.
    pub(super) fn tell(&mut self, notice: Notice) {
        if !self.told.contains(&Some(notice.clone())) {
            self.told.push(Some(notice));
        }
    }

    /// Takes back what is no longer so.
    pub(super) fn take_back(&mut self, code: &str) {
        for notice in &mut self.told {
            if notice.as_ref().is_some_and(|notice| notice.code == code) {
                *notice = None;
            }
        }
    }

    /// How many there were.
    pub(super) const fn count(&self) -> usize {
        self.told.len()
    }

    /// Those behind the ones that a reader has seen.
    pub(super) fn after(&self, seen: usize) -> impl Iterator<Item = Notice> + '_ {
        self.told.iter().skip(seen).flatten().cloned()
    }
}
