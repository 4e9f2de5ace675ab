//! Marks of devices: derived from the device's id and an e-mail address, so that nothing of them is stored and no address stands in them.
//!
//! A mark is `id || HMAC-SHA256(key, id || address)` in URL-safe Base64 without padding: 16 and 32 bytes, 64 characters.
//!
//! # Invariants
//!
//! - A mark that is read was made by this server, for this device and this address.
//! - A mark has one form: any other text, also one that decodes to the same bytes, is refused.

use data_encoding::BASE64URL_NOPAD;
use manent_accounts::email::EmailAddress;
use manent_accounts::ports::DeviceMarks;
use secrecy::SecretString;
use uuid::Uuid;

use crate::key::KeySet;
use crate::server_secret::{Purpose, ServerSecrets};

const ID_LENGTH: usize = 16;
const CODE_LENGTH: usize = 32;
const BYTES: usize = ID_LENGTH + CODE_LENGTH;

/// Characters of a mark.
const LENGTH: usize = 64;

/// Makes marks of devices and reads them.
#[derive(Debug)]
pub struct SignedDevices {
    keys: KeySet,
}

impl SignedDevices {
    /// Marks are made with the secret in use and believed with any.
    pub fn new(secrets: &ServerSecrets) -> Self {
        Self {
            keys: secrets.keys_for(Purpose::DeviceMark),
        }
    }
}

impl DeviceMarks for SignedDevices {
    fn mark(&self, device: Uuid, email: &EmailAddress) -> SecretString {
        let address = email.as_str().as_bytes();
        let code = self
            .keys
            .current()
            .key
            .authenticate(&[device.as_bytes(), address]);
        let mut bytes = [0; BYTES];
        let (id, end) = bytes.split_at_mut(ID_LENGTH);
        id.copy_from_slice(device.as_bytes());
        end.copy_from_slice(&code);
        SecretString::from(BASE64URL_NOPAD.encode(&bytes))
    }

    fn read(&self, text: &str, email: &EmailAddress) -> Option<Uuid> {
        if text.len() != LENGTH {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (id, code) = bytes.split_first_chunk::<ID_LENGTH>()?;
        let code: &[u8; CODE_LENGTH] = code.try_into().ok()?;
        self.keys
            .verifies(&[id, email.as_str().as_bytes()], code)
            .then(|| Uuid::from_bytes(*id))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::entropy::SystemEntropy;

    const DEVICE: Uuid = Uuid::from_u128(7);

    fn email(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    #[test]
    fn a_mark_is_of_one_device_and_one_address_and_tells_none() {
        let secrets = ServerSecrets::generate(&SystemEntropy).unwrap();
        let devices = SignedDevices::new(&secrets);
        let ada = email("ada@example.org");
        let mark = devices.mark(DEVICE, &ada);
        let mark = mark.expose_secret();
        assert_eq!(mark.len(), LENGTH);
        assert_eq!(devices.read(mark, &ada), Some(DEVICE));
        assert_eq!(devices.read(mark, &email("Ada@Example.org")), Some(DEVICE));
        assert_eq!(devices.read(mark, &email("eve@example.org")), None);
        let rotated = SignedDevices::new(&secrets.rotated(&SystemEntropy).unwrap());
        assert_eq!(rotated.read(mark, &ada), Some(DEVICE));
        let other = ServerSecrets::generate(&SystemEntropy).unwrap();
        assert_eq!(SignedDevices::new(&other).read(mark, &ada), None);
    }

    #[test]
    fn what_nobody_made_is_no_mark() {
        let secrets = ServerSecrets::generate(&SystemEntropy).unwrap();
        let devices = SignedDevices::new(&secrets);
        let ada = email("ada@example.org");
        let mark = devices.mark(DEVICE, &ada).expose_secret().to_owned();
        for place in 0..mark.len() {
            let mut changed = mark.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(devices.read(&changed, &ada), None, "{place}");
        }
        for none in [
            "",
            "x",
            &mark[1..],
            &format!("{mark}A"),
            &"\u{e9}".repeat(32),
        ] {
            assert_eq!(devices.read(none, &ada), None, "{none}");
        }
    }
}
