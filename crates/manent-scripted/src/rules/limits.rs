//! What a rules file may ask for at most.

/// Bytes of a rules file.
pub(crate) const FILE_BYTES: usize = 1024 * 1024;
/// Rules in a file.
pub(crate) const RULES: usize = 1000;
/// Models in a file.
pub(crate) const MODELS: usize = 1000;
/// Bytes of a pattern as it is written.
pub(crate) const PATTERN_BYTES: usize = 2000;
/// Bytes of a pattern when it is compiled.
pub(crate) const PATTERN_COMPILED_BYTES: usize = 1024 * 1024;
/// Generated tokens of one step.
pub(crate) const TOKENS: u64 = 10_000_000;
/// Repetitions of one text.
pub(crate) const REPEAT: u64 = 1_000_000;
/// Any delay, in milliseconds: ten minutes.
pub(crate) const DELAY_MS: u64 = 600_000;
/// Chunks after which a fault may come.
pub(crate) const AFTER_CHUNKS: u64 = 10_000_000;
/// Chunks per second.
pub(crate) const CHUNKS_PER_SECOND: u64 = 1_000_000;
/// Mistakes that one message lists.
pub(crate) const PROBLEMS: usize = 100;
