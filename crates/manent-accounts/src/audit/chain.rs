//! Appending to the chain, and verifying it.

use manent_types::Timestamp;

use super::encoding::hash;
use super::{AuditDraft, AuditEntry, AuditHash, AuditRow};

/// The end of the log: what the next entry follows. A store reads it and writes the next entry in one unit, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the newest entry; 0 while there is none.
    pub number: u64,
    /// Its hash.
    pub hash: AuditHash,
}

impl AuditHead {
    /// Before the first entry.
    pub const EMPTY: Self = Self {
        number: 0,
        hash: AuditHash::NONE,
    };

    /// The entry that follows.
    pub fn next(&self, draft: AuditDraft, at: Timestamp) -> AuditEntry {
        let number = self.number.saturating_add(1);
        let hash = hash(number, at, &draft, &self.hash);
        AuditEntry {
            number,
            at,
            kind: draft.kind,
            actor: draft.actor,
            account: draft.account,
            address: draft.address,
            detail: draft.detail,
            previous: self.hash,
            hash,
        }
    }
}

impl AuditEntry {
    /// The end of the log just after this entry.
    pub const fn head(&self) -> AuditHead {
        AuditHead {
            number: self.number,
            hash: self.hash,
        }
    }

    fn draft(&self) -> AuditDraft {
        AuditDraft {
            kind: self.kind,
            actor: self.actor,
            account: self.account,
            address: self.address,
            detail: self.detail.clone(),
        }
    }
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditBreakCause {
    /// The entry before it, or several, are missing, or it is there twice.
    #[error("entry {expected} was expected here")]
    OutOfOrder {
        /// The number that had to come.
        expected: u64,
    },
    /// It does not follow the entry before it: that one was changed and its hash made anew, or replaced.
    #[error("it does not follow the entry before it")]
    NotFollowing,
    /// It holds what is never written, so that nothing of it can be told.
    #[error("its column {column} holds a value that cannot be read")]
    Unreadable {
        /// Such as `audit.kind`.
        column: &'static str,
    },
    /// Its content does not fit its hash.
    #[error("its content was changed")]
    Changed,
    /// Entries behind it are missing.
    #[error("the log ends here, and had {expected} entries")]
    CutOff {
        /// The number of the newest entry that the store knew.
        expected: u64,
    },
    /// The entries are sound up to here; what the store keeps beside them, to tell whether more were there, is gone.
    #[error(
        "the log ends here, and the record of its end, which the store keeps beside it, is missing or cannot be read"
    )]
    HeadLost,
}

/// The first place where the log is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry {number} of the audit log: {cause}")]
pub struct AuditBreak {
    /// The entry.
    pub number: u64,
    /// What is wrong.
    pub cause: AuditBreakCause,
}

/// Reads the log from its first entry on and finds the first broken one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditVerifier {
    head: AuditHead,
}

impl Default for AuditVerifier {
    fn default() -> Self {
        Self {
            head: AuditHead::EMPTY,
        }
    }
}

impl AuditVerifier {
    /// The next entry.
    ///
    /// # Errors
    /// When it breaks the chain.
    pub fn take(&mut self, entry: &AuditEntry) -> Result<(), AuditBreak> {
        let expected = self.head.number.saturating_add(1);
        let cause = if entry.number != expected {
            AuditBreakCause::OutOfOrder { expected }
        } else if entry.previous != self.head.hash {
            AuditBreakCause::NotFollowing
        } else if entry.hash != hash(entry.number, entry.at, &entry.draft(), &entry.previous) {
            AuditBreakCause::Changed
        } else {
            self.head = entry.head();
            return Ok(());
        };
        Err(AuditBreak {
            number: entry.number,
            cause,
        })
    }

    /// The next row, be it one that can be read or not.
    ///
    /// # Errors
    /// When it cannot be read, or breaks the chain.
    pub fn take_row(&mut self, row: &AuditRow) -> Result<(), AuditBreak> {
        match row {
            Ok(entry) => self.take(entry),
            Err(unreadable) => Err(AuditBreak {
                number: unreadable.number,
                cause: AuditBreakCause::Unreadable {
                    column: unreadable.column,
                },
            }),
        }
    }

    /// Everything was taken, and how the log ended is not known.
    pub const fn without_head(self) -> AuditBreak {
        AuditBreak {
            number: self.head.number,
            cause: AuditBreakCause::HeadLost,
        }
    }

    /// Where the log stands after what was taken.
    pub const fn head(&self) -> AuditHead {
        self.head
    }

    /// Everything was taken; the store says that the log ends at `head`. Entries cut off the end are found so, unless whoever cut them
    /// changed the head too: keep a copy of the head elsewhere to notice that.
    ///
    /// # Errors
    /// When the log ends elsewhere.
    pub fn finish(self, head: AuditHead) -> Result<AuditHead, AuditBreak> {
        if self.head == head {
            Ok(head)
        } else {
            let cause = if self.head.number < head.number {
                AuditBreakCause::CutOff {
                    expected: head.number,
                }
            } else {
                AuditBreakCause::NotFollowing
            };
            Err(AuditBreak {
                number: self.head.number,
                cause,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use manent_types::UserId;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::AuditKind;
    use super::*;

    fn at(milliseconds: u64) -> Timestamp {
        Timestamp::from_millisecond(i64::try_from(milliseconds).unwrap()).unwrap()
    }

    fn draft(number: u64) -> AuditDraft {
        AuditDraft::new(AuditKind::SignedIn)
            .by(Some(UserId::new(Uuid::from_u128(1))), "::1".parse().ok())
            .on(UserId::new(Uuid::from_u128(1)))
            .with("session", number)
    }

    fn log(length: u64) -> Vec<AuditEntry> {
        let mut head = AuditHead::EMPTY;
        let next = |number| {
            let entry = head.next(draft(number), at(number));
            head = entry.head();
            entry
        };
        (1..=length).map(next).collect()
    }

    fn verify(log: &[AuditEntry]) -> Result<AuditHead, AuditBreak> {
        let mut verifier = AuditVerifier::default();
        for entry in log {
            verifier.take(entry)?;
        }
        Ok(verifier.head())
    }

    #[test]
    fn the_encoding_is_frozen() {
        let entries = log(2);
        let hashes: Vec<_> = entries.iter().map(|entry| entry.hash.to_string()).collect();
        assert_eq!(
            hashes,
            [
                "9060f0c22590b839487d3ceb2b1e6a5c4b1bda3be6bf3e7f1a9fa3974c5e2e9a",
                "42878b405254e2d27e5c7dac20a437751405bee4148368a2367aaec685006ad6"
            ]
        );
    }

    #[test]
    fn a_sound_log_verifies_to_its_head() {
        let entries = log(5);
        let head = entries.last().unwrap().head();
        assert_eq!(verify(&entries), Ok(head));
        assert_eq!(verify(&[]), Ok(AuditHead::EMPTY));
    }

    #[test]
    fn a_log_that_was_cut_is_shorter_than_its_head_says() {
        let entries = log(5);
        let head = entries.last().unwrap().head();
        let mut verifier = AuditVerifier::default();
        for entry in &entries[..3] {
            verifier.take(entry).unwrap();
        }
        assert_eq!(
            verifier.finish(head),
            Err(AuditBreak {
                number: 3,
                cause: AuditBreakCause::CutOff { expected: 5 }
            })
        );
    }

    #[test]
    fn texts_cannot_flow_into_each_other() {
        let one = draft(0).with("a", "bc");
        let other = draft(0).with("ab", "c");
        let head = AuditHead::EMPTY;
        assert_ne!(head.next(one, at(0)).hash, head.next(other, at(0)).hash);
    }

    proptest! {
        #[test]
        fn the_first_broken_entry_is_named(
            length in 2_u64..12, place in 0_usize..12, damage in 0_u8..6,
        ) {
            let mut entries = log(length);
            let place = place % entries.len();
            let number = entries[place].number;
            let entry = &mut entries[place];
            match damage {
                0 => entry.at = at(999),
                1 => entry.kind = AuditKind::AccountDeleted,
                2 => entry.account = None,
                3 => { entry.detail.insert("session".to_owned(), "other".to_owned()); }
                // Changed with its own hash made anew: the next entry does not follow it any more.
                4 => {
                    let before = AuditHead { number: entry.number - 1, hash: entry.previous };
                    *entry = before.next(draft(999), entry.at);
                }
                _ => { entries.remove(place); }
            }
            let found = verify(&entries).map_err(|found| found.number);
            let is_last = number == length;
            match damage {
                0..=3 => prop_assert_eq!(found, Err(number)),
                _ if is_last => prop_assert!(found.is_ok()),
                _ => prop_assert_eq!(found, Err(number + 1)),
            }
        }
    }
}
