//! Short stories about answers that are waited for, told through the public interface.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bench;
mod life;
mod pace;
