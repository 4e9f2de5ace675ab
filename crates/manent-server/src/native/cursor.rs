//! Cursors on the wire: opaque to clients, checked when they come back. Made up by hand, they are refused or lead to another
//! place of the caller's own list; they carry no rights.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use manent_accounts::email::EmailAddress;
use manent_domain::DomainError;
use manent_domain::conversation::{ConversationCursor, CursorKey};
use manent_domain::message::MessageRange;
use manent_domain::search::{MessagePlace, SearchCursor};
use manent_types::{RunId, Timestamp};

use super::error::ApiError;

/// No cursor is longer,
const MAX_BYTES: usize = 128;

/// But those with an e-mail address in them.
const MAX_ADDRESS_BYTES: usize = 400;

fn seal(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn open(cursor: &str) -> Option<String> {
    open_longer(cursor, MAX_BYTES)
}

fn open_longer(cursor: &str, most: usize) -> Option<String> {
    if cursor.len() > most {
        return None;
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

/// A number as our own cursors write it: no sign, no leading zeros.
fn number(text: &str) -> Option<u64> {
    let value: u64 = text.parse().ok()?;
    (value.to_string() == text && i64::try_from(value).is_ok()).then_some(value)
}

/// Absent for a place in a list that is ordered by text, which this surface does not show.
pub(super) fn seal_conversation(cursor: &ConversationCursor) -> Option<String> {
    let CursorKey::Time(time) = cursor.key else {
        return None;
    };
    let text = format!("c.{}.{}", time.as_millisecond(), cursor.id);
    Some(seal(&text))
}

pub(super) fn open_conversation(cursor: &str) -> Result<ConversationCursor, ApiError> {
    let read = || {
        let text = open(cursor)?;
        let (milliseconds, id) = text.strip_prefix("c.")?.split_once('.')?;
        let milliseconds = i64::try_from(number(milliseconds)?).ok()?;
        Some(ConversationCursor {
            key: CursorKey::Time(Timestamp::from_millisecond(milliseconds).ok()?),
            id: id.parse().ok()?,
        })
    };
    read().ok_or_else(ApiError::invalid_cursor)
}

pub(super) fn seal_messages(range: MessageRange) -> String {
    match range {
        MessageRange::After(seq) => seal(&format!("a.{seq}")),
        MessageRange::Before(seq) => seal(&format!("b.{}", seq.unwrap_or(0))),
    }
}

pub(super) fn open_messages(cursor: &str) -> Result<MessageRange, ApiError> {
    let read = || {
        let text = open(cursor)?;
        let (kind, seq) = text.split_once('.')?;
        match kind {
            "a" => Some(MessageRange::After(number(seq)?)),
            "b" => Some(MessageRange::Before(Some(number(seq)?))),
            _ => None,
        }
    };
    read().ok_or_else(ApiError::invalid_cursor)
}

pub(super) fn seal_account(email: &EmailAddress) -> String {
    seal(&format!("e.{}", email.as_str()))
}

pub(super) fn open_account(cursor: &str) -> Result<EmailAddress, ApiError> {
    let read = || {
        let text = open_longer(cursor, MAX_ADDRESS_BYTES)?;
        text.strip_prefix("e.")?.parse().ok()
    };
    read().ok_or_else(ApiError::invalid_cursor)
}

pub(super) fn seal_search(cursor: SearchCursor) -> String {
    let titles = match cursor.titles {
        Some(seen) => seen.to_string(),
        None => "-".to_owned(),
    };
    match cursor.messages {
        Some(MessagePlace::Offset(offset)) => seal(&format!("o.{offset}.{titles}")),
        Some(MessagePlace::Below(place)) => seal(&format!("n.{place}.{titles}")),
        None => seal(&format!("t.{titles}")),
    }
}

/// A place in a run's log: a mark of the run, a dot, the position.
pub(super) fn seal_run(run: RunId, position: u64) -> String {
    format!("{}.{position}", run_mark(run))
}

/// Reads a place in this run's log; the position alone is as good.
pub(super) fn open_run(run: RunId, cursor: &str) -> Result<u64, ApiError> {
    let (mark, position) = match cursor.split_once('.') {
        Some((mark, position)) => (Some(mark), position),
        None => (None, cursor),
    };
    let position = number(position).ok_or_else(ApiError::invalid_event_id)?;
    match mark {
        None => Ok(position),
        Some(mark) if mark == run_mark(run) => Ok(position),
        Some(mark) if is_run_mark(mark) => Err(DomainError::CursorForeign.into()),
        Some(_) => Err(ApiError::invalid_event_id()),
    }
}

/// Eight hexadecimal digits that tell a run from another one: its id, folded.
pub(super) fn run_mark(run: RunId) -> String {
    let folded = run
        .as_uuid()
        .as_bytes()
        .chunks_exact(4)
        .fold([0_u8; 4], |folded, piece| {
            [
                folded[0] ^ piece[0],
                folded[1] ^ piece[1],
                folded[2] ^ piece[2],
                folded[3] ^ piece[3],
            ]
        });
    format!("{:08x}", u32::from_be_bytes(folded))
}

fn is_run_mark(text: &str) -> bool {
    text.len() == 8
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Reads a place in the feed: the number of a change, 0 for the beginning.
pub(super) fn open_feed(cursor: &str) -> Result<u64, ApiError> {
    number(cursor).ok_or_else(ApiError::invalid_event_id)
}

pub(super) fn open_search(cursor: &str) -> Result<SearchCursor, ApiError> {
    /// Nobody reads further, and a deeper offset costs more than it gives.
    const MAX_OFFSET: u64 = 10_000;
    let read = || {
        let text = open(cursor)?;
        let offset = |text: &str| number(text).filter(|offset| *offset <= MAX_OFFSET);
        let (kind, place) = text.split_once('.')?;
        if kind == "t" {
            return Some(SearchCursor {
                titles: Some(offset(place)?),
                messages: None,
            });
        }
        let (place, titles) = place.split_once('.')?;
        let messages = match kind {
            "o" => MessagePlace::Offset(offset(place)?),
            "n" => MessagePlace::Below(number(place)?),
            _ => return None,
        };
        let titles = match titles {
            "-" => None,
            titles => Some(offset(titles)?),
        };
        Some(SearchCursor {
            titles,
            messages: Some(messages),
        })
    };
    read().ok_or_else(ApiError::invalid_cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let cursor = ConversationCursor {
            key: CursorKey::Time(Timestamp::from_millisecond(1_763_703_000_123).unwrap()),
            id: "0199c0de-0000-7000-8000-000000000001".parse().unwrap(),
        };
        assert_eq!(
            open_conversation(&seal_conversation(&cursor).unwrap()).unwrap(),
            cursor
        );
        for range in [MessageRange::After(0), MessageRange::Before(Some(7))] {
            assert_eq!(open_messages(&seal_messages(range)).unwrap(), range);
        }
        let offset = Some(MessagePlace::Offset(20));
        let below = Some(MessagePlace::Below(99));
        for (titles, messages) in [
            (None, offset),
            (Some(7), offset),
            (None, below),
            (Some(0), below),
            (Some(7), None),
        ] {
            let cursor = SearchCursor { titles, messages };
            assert_eq!(open_search(&seal_search(cursor)).unwrap(), cursor);
        }
    }

    #[test]
    fn a_place_in_a_run_belongs_to_that_run() {
        let run: RunId = "0199c0de-0000-7000-8000-000000000001".parse().unwrap();
        let other: RunId = "0199c0de-0000-7000-8000-000000000002".parse().unwrap();
        let cursor = seal_run(run, 17);
        assert_eq!(cursor, "8199b0df.17");
        assert_eq!(open_run(run, &cursor).unwrap(), 17);
        assert_eq!(
            open_run(other, &cursor).unwrap_err().code(),
            "cursor_foreign"
        );
        for plain in ["0", "17"] {
            assert_eq!(open_run(run, plain).unwrap().to_string(), plain);
            assert_eq!(open_feed(plain).unwrap().to_string(), plain);
        }
        for bad in [
            "",
            ".",
            "x",
            "-1",
            "+1",
            "01",
            "1.5.3",
            "8199b0df.",
            "8199B0DF.1",
            "99999999999999999999",
        ] {
            assert_eq!(
                open_run(run, bad).unwrap_err().code(),
                "invalid_cursor",
                "{bad}"
            );
        }
        assert_eq!(
            open_feed("8199b0df.17").unwrap_err().code(),
            "invalid_cursor"
        );
    }

    #[test]
    fn refuses_what_others_wrote() {
        for bad in [
            "",
            "x",
            "../..",
            "YS4t",
            &"A".repeat(5_000),
            &seal("c.1.x"),
            &seal("a.+1"),
            &seal("a.99999999999999999999"),
            &seal("t.-"),
            &seal("t.10001"),
            &seal("n.5"),
            &seal("n.5.10001"),
            &seal("o.10001.-"),
        ] {
            assert_eq!(open_conversation(bad).unwrap_err().code(), "invalid_cursor");
            assert_eq!(open_messages(bad).unwrap_err().code(), "invalid_cursor");
            assert_eq!(open_search(bad).unwrap_err().code(), "invalid_cursor");
        }
    }
}
