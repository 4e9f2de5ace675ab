//! Signing in and out.
//!
//! Invariant: signing out empties the store only when nothing would be lost by it, or when the user said yes.

use super::Engine;
use crate::pacer::PaceMark;
use crate::port::Event;
use crate::stored::StoreOperation;

impl<P: Clone> Engine<P> {
    pub(super) fn on_signed_in(&mut self) {
        self.is_signed_out = false;
        self.pacer.on_signed_in();
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
        self.log.push(StoreOperation::Clear);
    }
}
