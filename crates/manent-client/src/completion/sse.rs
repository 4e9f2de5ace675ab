//! Cuts bytes into server-sent events.
//!
//! Invariants: however the bytes are cut into chunks, the same events come out; what is kept between chunks is bounded.

use std::collections::VecDeque;

/// The largest event that is taken, in bytes.
const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;

/// One event as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RawEvent {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) data: String,
}

/// An event is larger than is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventTooLarge;

/// The state between two chunks.
#[derive(Debug, Default)]
pub(crate) struct SseDecoder {
    line: Vec<u8>,
    event: RawEvent,
    has_data: bool,
    /// The last byte was a carriage return, so that a line feed now belongs to it.
    after_carriage_return: bool,
    events: VecDeque<RawEvent>,
}

impl SseDecoder {
    /// Takes the next chunk.
    pub(crate) fn feed(&mut self, chunk: &[u8]) -> Result<(), EventTooLarge> {
        for &byte in chunk {
            let is_second_half = std::mem::take(&mut self.after_carriage_return) && byte == b'\n';
            match byte {
                b'\n' if is_second_half => {}
                b'\n' => self.end_line(),
                b'\r' => {
                    self.after_carriage_return = true;
                    self.end_line();
                }
                _ if self.line.len() + self.event.data.len() >= MAX_EVENT_BYTES => {
                    return Err(EventTooLarge);
                }
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    /// The next whole event. One whose closing empty line is missing is none.
    pub(crate) fn next(&mut self) -> Option<RawEvent> {
        self.events.pop_front()
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if std::mem::take(&mut self.has_data) {
                self.events.push_back(event);
            }
            return;
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((line.as_ref(), ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.event.name),
            "id" => self.event.id = Some(value.to_owned()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = ": ping\n\nid: r.1\nevent: start\ndata: {\"a\":1}\n\nevent: delta\r\ndata: one\r\ndata: twö\r\n\r\ndata: cut";

    fn events(chunks: impl IntoIterator<Item = Vec<u8>>) -> Vec<RawEvent> {
        let mut decoder = SseDecoder::default();
        for chunk in chunks {
            decoder.feed(&chunk).unwrap();
        }
        std::iter::from_fn(|| decoder.next()).collect()
    }

    #[test]
    fn gives_the_same_events_however_the_bytes_are_cut() {
        let whole = events([STREAM.as_bytes().to_vec()]);
        let expected = [
            RawEvent {
                id: Some("r.1".to_owned()),
                name: "start".to_owned(),
                data: "{\"a\":1}".to_owned(),
            },
            RawEvent {
                id: None,
                name: "delta".to_owned(),
                data: "one\ntwö".to_owned(),
            },
        ];
        assert_eq!(whole, expected);
        for size in 1..STREAM.len() {
            let chunks = STREAM.as_bytes().chunks(size).map(<[u8]>::to_vec);
            assert_eq!(events(chunks), expected, "{size}");
        }
    }

    #[test]
    fn refuses_an_event_without_an_end() {
        let mut decoder = SseDecoder::default();
        decoder.feed(b"data: ").unwrap();
        let endless = vec![b'x'; MAX_EVENT_BYTES + 1];
        assert_eq!(decoder.feed(&endless), Err(EventTooLarge));
    }
}
