//! Cuts a byte stream into the data of its server-sent events.
//!
//! However the bytes are cut into chunks, the same data comes out. Data that lies whole in one chunk is handed on in place,
//! without a copy. What is kept between chunks never exceeds [`MAX_EVENT_BYTES`]. Only `data` fields matter here: both wire
//! formats repeat an event's name in its data.

use std::ops::ControlFlow;

use memchr::memchr2;

/// The largest event that is taken, in bytes.
pub(crate) const MAX_EVENT_BYTES: usize = 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// An event is larger than [`MAX_EVENT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventTooLarge;

/// The state between two chunks.
#[derive(Debug, Default)]
pub(crate) struct SseDecoder {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The data lines of the event at hand, where they could not be handed on in place.
    data: Vec<u8>,
    has_data: bool,
    /// The last byte was a carriage return, so that a line feed now belongs to it.
    after_carriage_return: bool,
    is_past_first_line: bool,
}

impl SseDecoder {
    /// Takes the next chunk and calls `on_data` for each event that ends in it, until that breaks.
    pub(crate) fn feed(
        &mut self,
        chunk: &[u8],
        mut on_data: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), EventTooLarge> {
        let mut input = chunk;
        while let Some(&first) = input.first() {
            if self.after_carriage_return {
                self.after_carriage_return = false;
                if first == b'\n' {
                    input = &input[1..];
                    continue;
                }
            }
            let Some(end) = memchr2(b'\n', b'\r', input) else {
                self.check_size(input.len())?;
                self.line.extend_from_slice(input);
                return Ok(());
            };
            self.check_size(end)?;
            let line = &input[..end];
            input = self.after_line_end(&input[end..]);
            let flow = if self.line.is_empty() {
                self.read_line(line, &mut input, &mut on_data)
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                let flow = self.read_line(&whole, &mut input, &mut on_data);
                whole.clear();
                self.line = whole;
                flow
            };
            if flow.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The end of the bytes: an event whose closing empty line is missing counts as well.
    pub(crate) fn finish(&mut self, mut on_data: impl FnMut(&[u8]) -> ControlFlow<()>) {
        let line = std::mem::take(&mut self.line);
        let mut nothing: &[u8] = &[];
        if !line.is_empty() && self.read_line(&line, &mut nothing, &mut on_data).is_break() {
            return;
        }
        // The flow ends here either way.
        let _ = self.dispatch(&mut on_data);
    }

    fn check_size(&self, further: usize) -> Result<(), EventTooLarge> {
        if self.line.len() + self.data.len() + further > MAX_EVENT_BYTES {
            return Err(EventTooLarge);
        }
        Ok(())
    }

    /// What follows a line's end, which stands at the beginning of `input`.
    fn after_line_end<'input>(&mut self, input: &'input [u8]) -> &'input [u8] {
        match input {
            [b'\r'] => {
                self.after_carriage_return = true;
                &[]
            }
            [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
            [] => input,
        }
    }

    fn read_line(
        &mut self,
        line: &[u8],
        following: &mut &[u8],
        on_data: &mut impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let line = if self.is_past_first_line {
            line
        } else {
            self.is_past_first_line = true;
            line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
        };
        if line.is_empty() {
            return self.dispatch(on_data);
        }
        let value = match line.strip_prefix(b"data") {
            Some([b':', b' ', value @ ..] | [b':', value @ ..]) => value,
            Some([]) => &[],
            _ => return ControlFlow::Continue(()),
        };
        if !self.has_data
            && let Some(rest) = after_empty_line(following)
        {
            *following = rest;
            return if value.is_empty() {
                ControlFlow::Continue(())
            } else {
                on_data(value)
            };
        }
        if self.has_data {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        self.has_data = true;
        ControlFlow::Continue(())
    }

    fn dispatch(&mut self, on_data: &mut impl FnMut(&[u8]) -> ControlFlow<()>) -> ControlFlow<()> {
        if !std::mem::take(&mut self.has_data) || self.data.is_empty() {
            return ControlFlow::Continue(());
        }
        let flow = on_data(&self.data);
        self.data.clear();
        flow
    }
}

/// What follows an empty line that lies whole at the beginning of the input.
fn after_empty_line(input: &[u8]) -> Option<&[u8]> {
    match input {
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode<'bytes>(chunks: impl IntoIterator<Item = &'bytes [u8]>) -> Vec<Vec<u8>> {
        let mut decoder = SseDecoder::default();
        let mut events = Vec::new();
        for chunk in chunks {
            decoder
                .feed(chunk, |data| {
                    events.push(data.to_vec());
                    ControlFlow::Continue(())
                })
                .unwrap();
        }
        decoder.finish(|data| {
            events.push(data.to_vec());
            ControlFlow::Continue(())
        });
        events
    }

    fn texts(input: &str) -> Vec<String> {
        decode([input.as_bytes()])
            .into_iter()
            .map(|data| String::from_utf8(data).unwrap())
            .collect()
    }

    #[test]
    fn reads_data_with_every_line_end() {
        for end in ["\n", "\r\n", "\r"] {
            let input = format!("event: a{end}data: one{end}{end}data:two{end}data:  x{end}{end}");
            assert_eq!(texts(&input), ["one", "two\n x"], "{end:?}");
        }
    }

    #[test]
    fn ignores_comments_other_fields_and_events_without_data() {
        assert_eq!(
            texts(
                "\u{feff}: keep-alive\n\nid: 7\nretry: 3\ndatabase: no\n\ndata\n\ndata:\n\n:x\ndata: a\n: y\n\n"
            ),
            ["a"]
        );
    }

    #[test]
    fn takes_a_last_event_without_its_empty_line() {
        assert_eq!(texts("data: a\n\ndata: b"), ["a", "b"]);
        assert_eq!(texts("data: a\n\ndata: b\n"), ["a", "b"]);
    }

    #[test]
    fn stops_where_the_reader_breaks() {
        let mut seen = Vec::new();
        SseDecoder::default()
            .feed(b"data: 1\n\ndata: 2\n\ndata: 3\n\n", |data| {
                seen.push(data.to_vec());
                if seen.len() == 2 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .unwrap();
        assert_eq!(seen, [b"1", b"2"]);
    }

    #[test]
    fn rejects_an_event_that_never_ends() {
        let piece = vec![b'x'; 64 * 1024];
        let mut lines = SseDecoder::default();
        let mut one_line = SseDecoder::default();
        let mut fed = 0;
        let mut results = (Ok(()), Ok(()));
        while fed < 2 * MAX_EVENT_BYTES && (results.0.is_ok() || results.1.is_ok()) {
            let mut line = b"data: ".to_vec();
            line.extend_from_slice(&piece);
            line.push(b'\n');
            results.0 = results
                .0
                .and_then(|()| lines.feed(&line, |_| ControlFlow::Continue(())));
            results.1 = results
                .1
                .and_then(|()| one_line.feed(&piece, |_| ControlFlow::Continue(())));
            fed += piece.len();
        }
        assert_eq!(results, (Err(EventTooLarge), Err(EventTooLarge)));
        let mut whole = b"data: ".to_vec();
        whole.resize(MAX_EVENT_BYTES + 1, b'x');
        whole.extend_from_slice(b"\n\n");
        assert_eq!(
            SseDecoder::default().feed(&whole, |_| ControlFlow::Continue(())),
            Err(EventTooLarge)
        );
    }

    proptest! {
        #[test]
        fn gives_the_same_events_however_the_bytes_are_cut(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "data", ":", " ", "a", "é🦀", "\n", "\r", "\r\n", "\n\n", "data: x\n\n", "event: y\n", ": c\n", "\u{feff}",
                ]),
                0..40,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let whole = pieces.concat().into_bytes();
            let mut borders: Vec<usize> = cuts.iter().map(|cut| cut.index(whole.len() + 1)).collect();
            borders.extend([0, whole.len()]);
            borders.sort_unstable();
            let parts = borders.windows(2).map(|pair| &whole[pair[0]..pair[1]]);
            prop_assert_eq!(decode(parts), decode([whole.as_slice()]));
        }
    }
}
