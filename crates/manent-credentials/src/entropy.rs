//! Where random bytes come from.

/// The operating system gave no random bytes. Nothing that needs them can be made; what exists can still be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes: {detail}")]
pub struct EntropyError {
    /// For the log.
    pub detail: String,
}

/// A source of random bytes that nobody can predict.
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer.
    ///
    /// # Errors
    /// When there is no randomness to be had; the buffer is then worthless.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError>;
}

/// The operating system's own source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(buffer).map_err(|error| EntropyError {
            detail: error.to_string(),
        })
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Entropy, EntropyError};

    /// The same bytes in every run, and others with every call.
    #[derive(Default)]
    pub(crate) struct CountingEntropy(AtomicU64);

    impl Entropy for CountingEntropy {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
            use sha2::{Digest, Sha256};
            for chunk in buffer.chunks_mut(32) {
                let count = self.0.fetch_add(1, Ordering::Relaxed);
                let digest = Sha256::digest(count.to_be_bytes());
                chunk.copy_from_slice(&digest[..chunk.len()]);
            }
            Ok(())
        }
    }

    /// A machine without randomness.
    pub(crate) struct NoEntropy;

    impl Entropy for NoEntropy {
        fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError {
                detail: "none".to_owned(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_bytes_differ_from_call_to_call() {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        SystemEntropy.fill(&mut first).unwrap();
        SystemEntropy.fill(&mut second).unwrap();
        assert_ne!(first, [0; 32]);
        assert_ne!(first, second);
    }
}
