//! The tokens of a stream, however they are framed and cut.

use std::time::{Duration, Instant};

use crate::statistics::Latencies;
use crate::upstream::{TOKEN_MARK, since_epoch};

/// As much of a stream's end as holds its last event.
const TAIL: usize = 1_024;

/// Counts tokens and, where they are stamped, how late each one is.
#[derive(Debug, Default)]
pub(crate) struct TokenReader {
    count: usize,
    delays: Latencies,
    /// The digits of a stamp that is not at its end yet.
    stamp: Option<u64>,
    tail: Vec<u8>,
}

impl TokenReader {
    /// Takes the next bytes, which came at this moment.
    pub(crate) fn take(&mut self, data: &[u8], now: Instant) {
        let mut rest = data;
        loop {
            if let Some(stamp) = self.stamp {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
                let (length, value) = digits.fold((0, stamp), |(length, value), digit| {
                    (length + 1, value * 10 + u64::from(digit - b'0'))
                });
                rest = &rest[length..];
                if rest.is_empty() {
                    self.stamp = Some(value);
                    break;
                }
                self.stamp = None;
                if value > 0 {
                    let planned = Duration::from_micros(value);
                    self.delays.push(since_epoch(now).saturating_sub(planned));
                }
            }
            let Some(mark) = memchr::memchr(TOKEN_MARK, rest) else {
                break;
            };
            self.count += 1;
            self.stamp = Some(0);
            rest = &rest[mark + 1..];
        }
        self.tail
            .extend_from_slice(&data[data.len().saturating_sub(TAIL)..]);
        // Seldom, so that long streams are not copied about.
        if self.tail.len() > 8 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
    }

    /// How many tokens came.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// How long after its planned time each stamped token was there.
    pub(crate) fn into_delays(self) -> Latencies {
        self.delays
    }

    /// Whether the end of the stream has these words.
    pub(crate) fn ends_with_words(&self, words: &str) -> bool {
        let end = &self.tail[self.tail.len().saturating_sub(TAIL)..];
        memchr::memmem::find(end, words.as_bytes()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stamps_cut_anywhere() {
        let input = b"data: {\"text\":\"~1000 \"}\n\ndata: {\"text\":\"~3000 ~2000 \"}\n\n";
        let now = Instant::now() + Duration::from_secs(1);
        for cut in 0..input.len() {
            let mut reader = TokenReader::default();
            reader.take(&input[..cut], now);
            reader.take(&input[cut..], now);
            assert_eq!(reader.count(), 3, "cut at {cut}");
            let delays = reader.into_delays();
            assert_eq!(delays.count(), 3, "cut at {cut}");
            let expected =
                (since_epoch(now).saturating_sub(Duration::from_millis(3))).as_secs_f64() * 1_000.0;
            assert!(
                (delays.percentile(0.0) - expected).abs() < 1e-6,
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn counts_tokens_without_stamps_and_keeps_the_end() {
        let mut reader = TokenReader::default();
        reader.take(&b"~word ".repeat(1_000), Instant::now());
        reader.take(b"event: done {\"logged\":true}", Instant::now());
        assert_eq!(reader.count(), 1_000);
        assert!(reader.ends_with_words("\"logged\":true"));
        assert!(!reader.ends_with_words("\"logged\":false"));
        assert_eq!(reader.into_delays().count(), 0);
    }
}
