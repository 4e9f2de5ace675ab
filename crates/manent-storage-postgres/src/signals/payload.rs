//! What stands in a notification: words, each with a letter for its kind, separated by spaces.
//!
//! `i7` is the process, `w2:1500` says that its writer 2 has written 1500 groups of which everything is told with this, `f<owner>` and
//! `r<owner><run>` are signals, `a` is [`Signal::All`], `h` says that the process has just begun to listen. Words of kinds that are not known are passed over, so that newer programs may add some.

use std::fmt::Write;

use manent_domain::ports::Signal;
use manent_types::{RunId, UserId};
use uuid::Uuid;

/// The longest payload. Postgres takes 7999 bytes.
const LONGEST: usize = 7_900;

/// What a process tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Each writer with the number of its groups.
    pub(super) marks: Vec<(i32, i64)>,
    pub(super) signals: Vec<Signal>,
    /// It has just begun to listen.
    pub(super) is_new: bool,
}

/// The payloads for what a process tells, in order. The marks are in the last ones: what they count was told before.
pub(super) fn write(instance: i64, told: &Told) -> Vec<String> {
    let mut payloads = Vec::new();
    let mut payload = format!("i{instance}");
    let mut push = |word: &str| {
        if payload.len() + 1 + word.len() > LONGEST {
            let full = std::mem::replace(&mut payload, format!("i{instance}"));
            payloads.push(full);
        }
        payload.push(' ');
        payload.push_str(word);
    };
    if told.is_new {
        push("h");
    }
    for signal in &told.signals {
        match signal {
            Signal::Feed(owner) => push(&format!("f{}", owner.as_uuid().simple())),
            Signal::Run(owner, run) => {
                let mut word = format!("r{}", owner.as_uuid().simple());
                // Writing into a string does not fail.
                let _ = write!(word, "{}", run.as_uuid().simple());
                push(&word);
            }
            Signal::All => push("a"),
        }
    }
    for (writer, groups) in &told.marks {
        push(&format!("w{writer}:{groups}"));
    }
    payloads.push(payload);
    payloads
}

/// Who tells, and what; absent when it cannot be read.
pub(super) fn read(payload: &str) -> Option<(i64, Told)> {
    let mut words = payload.split(' ');
    let instance = words.next()?.strip_prefix('i')?.parse().ok()?;
    let mut told = Told::default();
    for word in words {
        let mut characters = word.chars();
        let kind = characters.next()?;
        let rest = characters.as_str();
        match kind {
            'f' => told.signals.push(Signal::Feed(owner(rest)?)),
            'r' => {
                let (whose, run) = rest.split_at_checked(32)?;
                let run = RunId::new(Uuid::try_parse(run).ok()?);
                told.signals.push(Signal::Run(owner(whose)?, run));
            }
            'a' => told.signals.push(Signal::All),
            'h' => told.is_new = true,
            'w' => {
                let (writer, groups) = rest.split_once(':')?;
                told.marks
                    .push((writer.parse().ok()?, groups.parse().ok()?));
            }
            _ => {}
        }
    }
    Some((instance, told))
}

fn owner(text: &str) -> Option<UserId> {
    Uuid::try_parse(text).ok().map(UserId::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signals() -> impl Strategy<Value = Signal> {
        let user = any::<u128>().prop_map(|id| UserId::new(Uuid::from_u128(id)));
        let run = any::<u128>().prop_map(|id| RunId::new(Uuid::from_u128(id)));
        prop_oneof![
            user.clone().prop_map(Signal::Feed),
            (user, run).prop_map(|(user, run)| Signal::Run(user, run)),
            Just(Signal::All),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            instance in 1_i64..,
            marks in proptest::collection::vec((0_i32..64, 1_i64..), 0..8),
            signals in proptest::collection::vec(signals(), 0..600),
            is_new in any::<bool>(),
        ) {
            let told = Told { marks, signals, is_new };
            let mut heard = Told::default();
            for payload in write(instance, &told) {
                prop_assert!(payload.len() <= LONGEST);
                let (who, piece) = read(&payload).unwrap();
                prop_assert_eq!(who, instance);
                prop_assert!(heard.marks.is_empty() || piece.signals.is_empty());
                heard.signals.extend(piece.signals);
                heard.marks.extend(piece.marks);
                heard.is_new |= piece.is_new;
            }
            prop_assert_eq!(heard, told);
        }

        #[test]
        fn any_text_can_be_looked_at(text in ".{0,100}") {
            let _ = read(&text);
        }
    }

    #[test]
    fn unknown_words_are_passed_over() {
        let (instance, told) = read("i7 xnew w1:2").unwrap();
        assert_eq!((instance, told.marks), (7, vec![(1, 2)]));
        assert!(read("hello").is_none());
    }
}
