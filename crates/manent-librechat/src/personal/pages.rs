//! Pages of lists that are put in order here.

use std::fmt::Write as _;

use manent_types::Timestamp;

/// The longest key of which a place is made, in bytes; longer ones are cut.
const MAX_KEY: usize = 1024;

/// Where a row stands: by what the list is ordered, and the row's id, which decides between equals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    key: String,
    id: String,
}

impl Place {
    /// The place of the row with this id.
    pub fn new(key: impl Into<String>, id: impl Into<String>) -> Self {
        let mut key: String = key.into();
        while key.len() > MAX_KEY {
            key.pop();
        }
        Self { key, id: id.into() }
    }

    /// The place of a row in a list by times, to the millisecond; what was before 1970 counts as of then.
    pub fn at(time: Timestamp, id: impl Into<String>) -> Self {
        Self::new(format!("{:020}", time.as_millisecond().max(0)), id)
    }

    /// As a client gets it: letters, digits, points and hyphens alone.
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.key.len() * 2 + 1 + self.id.len());
        for byte in self.key.bytes() {
            // Writing into a text does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text.push('.');
        text.push_str(&self.id);
        text
    }

    /// What [`Self::to_text`] made; absent when it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, id) = text.split_once('.')?;
        if key.len() > MAX_KEY * 2 || key.len() % 2 != 0 || id.is_empty() || id.len() > 128 {
            return None;
        }
        let bytes = key.as_bytes().chunks_exact(2).map(|pair| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
        });
        let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
        Some(Self {
            key: String::from_utf8(bytes).ok()?,
            id: id.to_owned(),
        })
    }
}

/// So many rows after a place, and the place of the last of them where there are more.
pub fn page<Row>(
    mut rows: Vec<(Place, Row)>,
    is_descending: bool,
    after: Option<&Place>,
    limit: usize,
) -> (Vec<Row>, Option<String>) {
    rows.sort_by(|(one, _), (other, _)| {
        let order = one.cmp(other);
        if is_descending {
            order.reverse()
        } else {
            order
        }
    });
    if let Some(after) = after {
        rows.retain(|(place, _)| {
            if is_descending {
                place < after
            } else {
                place > after
            }
        });
    }
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more);
    let next = last.map(|(place, _)| place.to_text());
    (rows.into_iter().map(|(_, row)| row).collect(), next)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_comes_back_from_its_text(key in ".{0,40}", id in "[a-f0-9]{24}") {
            let place = Place::new(key, id);
            prop_assert_eq!(Place::parse(&place.to_text()), Some(place));
        }

        #[test]
        fn whatever_is_no_place_is_refused_quietly(text in ".{0,80}") {
            let _ = Place::parse(&text);
        }

        #[test]
        fn pages_tell_each_row_once_and_in_order(
            keys in proptest::collection::vec("[abc]{0,2}", 0..30), limit in 1_usize..7, is_descending: bool,
        ) {
            let rows: Vec<(Place, usize)> = keys
                .iter()
                .enumerate()
                .map(|(index, key)| (Place::new(key.as_str(), format!("{index:03}")), index))
                .collect();
            let mut expected: Vec<usize> = (0..keys.len()).collect();
            expected.sort_by_key(|index| (keys[*index].clone(), *index));
            if is_descending {
                expected.reverse();
            }
            let mut told = Vec::new();
            let mut after = None;
            loop {
                let (page, next) = page(rows.clone(), is_descending, after.as_ref(), limit);
                prop_assert!(page.len() <= limit);
                told.extend(page);
                let Some(next) = next else { break };
                after = Place::parse(&next);
                prop_assert!(after.is_some());
            }
            prop_assert_eq!(told, expected);
        }
    }
}
