//! Random secrets, behind the port of accounts.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use manent_accounts::ports::{PresentedApiKey, SecretSource};
use manent_accounts::secret::NewSecret;
use manent_accounts::two_factor::TotpSecret;
use manent_types::ApiKeyId;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, EntropyError};
use crate::key::Key;
use crate::{api_key, one_time};

/// Makes random secrets out of the operating system's random bytes.
///
/// Whoever asks cannot be told that there are none, which on a running system does not happen. If it does all the same, the bytes are derived
/// from a key that was drawn at the start: still nothing that anybody could predict, and the log has an error for each.
pub struct SecretGenerator {
    entropy: Arc<dyn Entropy>,
    reserve: Key,
    drawn: AtomicU64,
}

impl SecretGenerator {
    /// A generator.
    ///
    /// # Errors
    /// When there are no random bytes now.
    pub fn new(entropy: Arc<dyn Entropy>) -> Result<Self, EntropyError> {
        Ok(Self {
            reserve: Key::generate(entropy.as_ref())?,
            entropy,
            drawn: AtomicU64::new(0),
        })
    }

    /// At most 32 bytes.
    fn random<const LENGTH: usize>(&self) -> Zeroizing<[u8; LENGTH]> {
        const { assert!(LENGTH <= 32, "the reserve gives 32 bytes at a time") };
        let mut bytes = Zeroizing::new([0; LENGTH]);
        if let Err(error) = self.entropy.fill(bytes.as_mut_slice()) {
            tracing::error!(%error, "a secret was derived from what was drawn at the start");
            let count = self.drawn.fetch_add(1, Ordering::Relaxed);
            let derived = Zeroizing::new(self.reserve.authenticate(&[&count.to_be_bytes()]));
            bytes.copy_from_slice(&derived[..LENGTH]);
        }
        bytes
    }
}

impl SecretSource for SecretGenerator {
    fn one_time_secret(&self) -> NewSecret {
        one_time::make_link_secret(&self.random())
    }

    fn api_key(&self, id: ApiKeyId) -> NewSecret {
        api_key::make(id, &self.random())
    }

    fn read_api_key(&self, text: &str) -> Option<PresentedApiKey> {
        api_key::parse(text)
    }

    #[expect(
        clippy::expect_used,
        reason = "20 bytes are as many as a shared secret may have"
    )]
    fn totp_secret(&self) -> TotpSecret {
        TotpSecret::from_bytes(self.random::<20>().as_slice()).expect("20 bytes are a secret")
    }

    fn backup_codes(&self, count: usize) -> Vec<NewSecret> {
        (0..count)
            .map(|_| one_time::make_backup_code(*self.random()))
            .collect()
    }
}

impl fmt::Debug for SecretGenerator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretGenerator(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use manent_accounts::secret::SecretDigest;
    use secrecy::ExposeSecret;
    use uuid::Uuid;

    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::entropy::testing::NoEntropy;

    const KEY: ApiKeyId = ApiKeyId::new(Uuid::from_u128(1));

    /// Gives random bytes once, and none after that.
    #[derive(Default)]
    struct DriesUp(AtomicU64);

    impl Entropy for DriesUp {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                0 => SystemEntropy.fill(buffer),
                _ => NoEntropy.fill(buffer),
            }
        }
    }

    fn texts(generator: &SecretGenerator) -> Vec<String> {
        let secrets = [
            generator.one_time_secret().secret,
            generator.api_key(KEY).secret,
            generator.totp_secret().to_base32(),
        ];
        let codes = generator.backup_codes(10);
        secrets
            .iter()
            .chain(codes.iter().map(|code| &code.secret))
            .map(|secret| secret.expose_secret().to_owned())
            .collect()
    }

    #[test]
    fn no_secret_is_made_twice_even_when_the_randomness_dries_up() {
        let generators = [
            SecretGenerator::new(Arc::new(SystemEntropy)).unwrap(),
            SecretGenerator::new(Arc::new(DriesUp::default())).unwrap(),
            SecretGenerator::new(Arc::new(DriesUp::default())).unwrap(),
        ];
        let all: Vec<_> = (0..20)
            .flat_map(|_| generators.iter().flat_map(texts))
            .collect();
        assert_eq!(all.len(), 20 * 3 * 13);
        let different: HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn a_digest_is_that_of_what_is_presented_later() {
        let generator = SecretGenerator::new(Arc::new(SystemEntropy)).unwrap();
        let link = generator.one_time_secret();
        assert_eq!(
            link.digest,
            SecretDigest::of(link.secret.expose_secret().as_bytes())
        );
        for code in generator.backup_codes(10) {
            let text = code.secret.expose_secret();
            assert_eq!(text.len(), 8);
            assert_eq!(code.digest, SecretDigest::of(text.as_bytes()));
        }
        let key = generator.api_key(KEY);
        let presented = generator.read_api_key(key.secret.expose_secret());
        let expected = PresentedApiKey {
            id: KEY,
            digest: key.digest,
        };
        assert_eq!(presented, Some(expected));
    }

    #[test]
    fn a_shared_secret_has_20_bytes() {
        let generator = SecretGenerator::new(Arc::new(SystemEntropy)).unwrap();
        assert_eq!(
            generator.totp_secret().to_base32().expose_secret().len(),
            32
        );
    }

    #[test]
    fn does_not_begin_without_randomness() {
        assert!(SecretGenerator::new(Arc::new(NoEntropy)).is_err());
    }

    #[test]
    fn debug_prints_neither_keys_nor_secrets() {
        let generator = SecretGenerator::new(Arc::new(SystemEntropy)).unwrap();
        assert_eq!(format!("{generator:?}"), "SecretGenerator(..)");
        let secret = generator.api_key(KEY);
        assert_eq!(
            format!("{secret:?}"),
            "NewSecret { secret: SecretBox<str>([REDACTED]), digest: SecretDigest(..) }"
        );
    }
}
