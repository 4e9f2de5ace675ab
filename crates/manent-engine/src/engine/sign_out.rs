//! Signing in and out.
//!
//! Invariants:
//! - signing out empties the store only when nothing would be lost by it, or when the user said yes;
//! - nothing is taken in before the store is empty: it would go with what was there.

use super::{Emptying, Engine};
use crate::pacer::PaceMark;
use crate::port::Event;
use crate::stored::StoreOperation;

impl<P: Clone> Engine<P> {
    pub(super) fn on_signed_in(&mut self) {
        match self.emptying {
            Emptying::Done => self.is_signed_out = false,
            Emptying::UnderWay | Emptying::ThenSignedIn => self.emptying = Emptying::ThenSignedIn,
        }
        self.pacer.on_signed_in();
    }

    /// The store is empty.
    pub(super) fn on_emptied(&mut self) {
        let before = std::mem::replace(&mut self.emptying, Emptying::Done);
        self.is_signed_out = before != Emptying::ThenSignedIn;
        self.notify(Event::SignedOut);
    }

    pub(super) fn sign_out(&mut self, is_confirmed: bool) {
        let (queued, failed) = (self.queue.pending_count(), self.queue.tray_count());
        if !is_confirmed && queued + failed > 0 {
            return self.notify(Event::SignOutNeedsConfirmation { queued, failed });
        }
        self.drop_request();
        self.queue.clear();
        self.discards.clear();
        self.isolation = None;
        self.removals.clear();
        self.saved.clear();
        self.noted_pace = PaceMark::default();
        self.rewriting_until = None;
        self.is_signed_out = true;
        self.emptying = Emptying::UnderWay;
        self.log.push(StoreOperation::Clear);
    }
}
