//! A device: one installation of a client (a browser profile, a command line).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is empty, longer than 64 bytes, or has characters other than ASCII letters, digits and `-_.:`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a device id has 1 to 64 characters out of A-Z a-z 0-9 - _ . :")]
pub struct InvalidDeviceId;

/// The id that a device gave itself: 1 to 64 characters out of `A-Z a-z 0-9 - _ . :`; a UUID is usual.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 64))]
pub struct DeviceId(String);

impl DeviceId {
    /// The longest id in bytes.
    pub const MAX_BYTES: usize = 64;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeviceId {
    type Err = InvalidDeviceId;

    fn from_str(text: &str) -> Result<Self, InvalidDeviceId> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for DeviceId {
    type Error = InvalidDeviceId;

    fn try_from(text: String) -> Result<Self, InvalidDeviceId> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        if (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text))
        } else {
            Err(InvalidDeviceId)
        }
    }
}

impl From<DeviceId> for String {
    fn from(device: DeviceId) -> Self {
        device.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_uuids_and_short_names_only() {
        assert!("phone-1".parse::<DeviceId>().is_ok());
        assert!(
            "0199c0de-0000-7000-8000-000000000001"
                .parse::<DeviceId>()
                .is_ok()
        );
        for bad in ["", "a b", "ü", &"x".repeat(65)] {
            assert_eq!(bad.parse::<DeviceId>(), Err(InvalidDeviceId), "{bad}");
        }
    }
}
