//! Thinking that is marked in the text itself: `<think>…</think>` at the beginning of an answer.
//!
//! Invariant: what comes out does not depend on how the text is cut.

/// The mark before a thought.
const OPEN: &str = "<think>";

/// The mark after it.
const CLOSE: &str = "</think>";

/// The most blanks before the mark.
const MOST_BLANKS: usize = 64;

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// What is thought.
    Thought(String),
    /// What is said.
    Text(String),
}

/// Tells thoughts from words.
#[derive(Debug, Default)]
pub(super) struct ThinkTags {
    state: State,
    /// What may belong to a mark, or to the blanks around one.
    held: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was said yet.
    #[default]
    Before,
    /// Behind the first mark.
    Thinking,
    /// Behind the second mark, before the first word.
    Between,
    /// Nothing is looked for any more.
    Through,
}

impl ThinkTags {
    /// Takes more of the text; hands on what it surely is.
    pub(super) fn take(&mut self, text: &str, mut hand_on: impl FnMut(Piece)) {
        if self.state == State::Through {
            hand_on(Piece::Text(text.to_owned()));
            return;
        }
        self.held.push_str(text);
        if self.state == State::Before {
            let begun = self.held.trim_start();
            if let Some(thought) = begun.strip_prefix(OPEN) {
                self.held = thought.to_owned();
                self.state = State::Thinking;
            } else if OPEN.starts_with(begun) && self.held.len() <= MOST_BLANKS {
                return;
            } else {
                self.state = State::Through;
                hand_on(Piece::Text(std::mem::take(&mut self.held)));
                return;
            }
        }
        if self.state == State::Thinking {
            if let Some(at) = self.held.find(CLOSE) {
                let rest = self.held.split_off(at + CLOSE.len());
                self.held.truncate(at);
                self.hand_on_thought(&mut hand_on);
                self.held = rest;
                self.state = State::Between;
            } else {
                let sure = sure_length(&self.held);
                let unsure = self.held.split_off(sure);
                let thought = std::mem::replace(&mut self.held, unsure);
                push(thought, Piece::Thought, &mut hand_on);
                return;
            }
        }
        // Between: the blanks behind the mark are no words.
        let words = self.held.trim_start();
        if !words.is_empty() {
            hand_on(Piece::Text(words.to_owned()));
            self.state = State::Through;
        }
        self.held.clear();
    }

    /// Hands on what was held back, at the end.
    pub(super) fn flush(&mut self, mut hand_on: impl FnMut(Piece)) {
        match self.state {
            State::Before => push(std::mem::take(&mut self.held), Piece::Text, &mut hand_on),
            State::Thinking => self.hand_on_thought(&mut hand_on),
            State::Between | State::Through => {}
        }
        self.held.clear();
    }

    /// The last of a thought, without the blanks at its end.
    fn hand_on_thought(&mut self, hand_on: &mut impl FnMut(Piece)) {
        let thought = self.held.trim_end().to_owned();
        push(thought, Piece::Thought, hand_on);
    }
}

fn push(text: String, piece: impl FnOnce(String) -> Piece, hand_on: &mut impl FnMut(Piece)) {
    if !text.is_empty() {
        hand_on(piece(text));
    }
}

/// How much of a thought is surely thought: without the beginning of a mark at its end, and without the blanks before that.
fn sure_length(held: &str) -> usize {
    let begins_mark = |at: &usize| held.is_char_boundary(*at) && CLOSE.starts_with(&held[*at..]);
    let from = held.len().saturating_sub(CLOSE.len());
    let mark = (from..held.len()).find(begins_mark).unwrap_or(held.len());
    held[..mark].trim_end().len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes out of pieces, put together.
    fn told<'text>(pieces: impl IntoIterator<Item = &'text str>) -> (String, String) {
        let (mut thought, mut text) = (String::new(), String::new());
        let mut tags = ThinkTags::default();
        let mut hand_on = |piece| match piece {
            Piece::Thought(more) => {
                assert!(text.is_empty(), "a thought after words");
                thought.push_str(&more);
            }
            Piece::Text(more) => text.push_str(&more),
        };
        for piece in pieces {
            tags.take(piece, &mut hand_on);
        }
        tags.flush(&mut hand_on);
        (thought, text)
    }

    fn both(thought: &str, text: &str) -> (String, String) {
        (thought.to_owned(), text.to_owned())
    }

    const CASES: [(&str, &str, &str); 9] = [
        ("<think>hm</think>\n\nyes", "hm", "yes"),
        (" \n<think>\nhm \n</think>yes", "\nhm", "yes"),
        ("<think></think>yes", "", "yes"),
        ("<think>cut off", "cut off", ""),
        ("<think>a </thin b</think> c", "a </thin b", "c"),
        ("<thinking> is a word", "", "<thinking> is a word"),
        (
            "words <think>later</think>",
            "",
            "words <think>later</think>",
        ),
        (
            "<think>a</think>b<think>c</think>",
            "a",
            "b<think>c</think>",
        ),
        ("  ", "", "  "),
    ];

    #[test]
    fn a_thought_at_the_beginning_is_told_from_the_words() {
        for (whole, thought, text) in CASES {
            assert_eq!(told([whole]), both(thought, text), "{whole:?}");
        }
    }

    #[test]
    fn every_cut_comes_to_the_same() {
        for (whole, thought, text) in CASES {
            for first in 0..=whole.len() {
                for second in first..=whole.len() {
                    let pieces = [&whole[..first], &whole[first..second], &whole[second..]];
                    assert_eq!(told(pieces), both(thought, text), "{pieces:?}");
                }
            }
        }
    }

    #[test]
    fn blanks_without_end_are_not_held_back() {
        let mut tags = ThinkTags::default();
        let mut length = 0;
        for _ in 0..200 {
            tags.take(" ", |piece| match piece {
                Piece::Text(text) => length += text.len(),
                Piece::Thought(_) => panic!("no thought"),
            });
        }
        assert_eq!(length, 200);
    }

    proptest! {
        #[test]
        fn nothing_depends_on_how_it_is_cut(
            whole in "( |\n)?(<think>)?[a<>/thinkü \n]{0,20}(</think>)?[a<>ü \n]{0,8}", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)
        ) {
            let mut at: Vec<usize> = cuts.iter().map(|cut| whole.floor_char_boundary(cut.index(whole.len() + 1))).collect();
            at.sort_unstable();
            at.push(whole.len());
            let mut from = 0;
            let mut pieces = Vec::new();
            for to in at {
                pieces.push(&whole[from..to]);
                from = to;
            }
            prop_assert_eq!(told(pieces), told([whole.as_str()]));
        }
    }
}
