//! Secrets that are used once: those of links, and backup codes.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use manent_accounts::secret::{NewSecret, SecretDigest};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// Makes the secret of a link out of 32 random bytes: 43 characters of URL-safe Base64.
pub(crate) fn make_link_secret(random: &[u8; 32]) -> NewSecret {
    from_text(&Zeroizing::new(BASE64URL_NOPAD.encode(random)))
}

/// Makes a backup code out of 4 random bytes: 8 hexadecimal digits. Few enough to be typed; what guards them is that attempts are counted.
pub(crate) fn make_backup_code(random: [u8; 4]) -> NewSecret {
    from_text(&Zeroizing::new(HEXLOWER.encode(&random)))
}

fn from_text(text: &str) -> NewSecret {
    NewSecret {
        digest: SecretDigest::of(text.as_bytes()),
        secret: SecretString::from(text),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_links_secret_goes_into_an_address_as_it_is() {
        let made = make_link_secret(&[0xfb; 32]);
        let text = made.secret.expose_secret();
        assert_eq!(text, "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
        assert_eq!(made.digest, SecretDigest::of(text.as_bytes()));
    }

    #[test]
    fn a_backup_code_has_8_digits_whatever_the_bytes() {
        for (random, expected) in [([0; 4], "00000000"), ([0xab, 1, 0, 0xff], "ab0100ff")] {
            let made = make_backup_code(random);
            assert_eq!(made.secret.expose_secret(), expected);
            assert_eq!(made.digest, SecretDigest::of(expected.as_bytes()));
        }
    }
}
