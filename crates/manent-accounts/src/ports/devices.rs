//! Marks of devices on which somebody signed in.

use secrecy::SecretString;
use uuid::Uuid;

use crate::email::EmailAddress;

/// Makes and reads the marks. A mark shows that somebody signed in with this address on this device before; it lets nobody in.
pub trait DeviceMarks: Send + Sync {
    /// The mark of a device for an address: the same each time.
    fn mark(&self, device: Uuid, email: &EmailAddress) -> SecretString;

    /// The device, if the text is its mark for this address; in constant time. Texts of any length and content are refused without harm.
    fn read(&self, text: &str, email: &EmailAddress) -> Option<Uuid>;
}

/// Knows no device; for command lines, on which nobody signs in.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDevices;

impl DeviceMarks for NoDevices {
    fn mark(&self, _: Uuid, _: &EmailAddress) -> SecretString {
        SecretString::default()
    }

    fn read(&self, _: &str, _: &EmailAddress) -> Option<Uuid> {
        None
    }
}
