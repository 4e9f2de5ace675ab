//! How stores keep a second factor: as JSON text.

use manent_types::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ActiveTwoFactor, BackupCode, FinishedSignIn, PendingTwoFactor, TwoFactor};
use crate::secret::{SealedSecret, SecretDigest};

/// The text is no stored second factor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored second factor cannot be read: {0}")]
pub struct UnreadableTwoFactor(String);

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    active: Option<StoredActive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<StoredPending>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    finished: Vec<(Uuid, Timestamp)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredActive {
    secret: StoredSecret,
    last_step: u64,
    backup_codes: Vec<StoredCode>,
    since: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredPending {
    secret: StoredSecret,
    backup_codes: Vec<String>,
    since: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredSecret {
    key_version: u32,
    blob: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredCode {
    digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    used_at: Option<Timestamp>,
}

impl TwoFactor {
    /// The text that stores keep; absent when there is nothing to keep.
    pub fn encode(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let stored = Stored {
            active: self.active.as_ref().map(|active| StoredActive {
                secret: secret(&active.secret),
                last_step: active.last_step,
                backup_codes: active.backup_codes.iter().map(code).collect(),
                since: active.since,
            }),
            pending: self.pending.as_ref().map(|pending| StoredPending {
                secret: secret(&pending.secret),
                backup_codes: pending
                    .backup_codes
                    .iter()
                    .map(SecretDigest::to_hex)
                    .collect(),
                since: pending.since,
            }),
            finished: self
                .finished
                .iter()
                .map(|finished| (finished.id, finished.at))
                .collect(),
        };
        // Strings, numbers and times alone: this cannot fail.
        serde_json::to_string(&stored).ok()
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// When it was not written by it.
    pub fn decode(text: Option<&str>) -> Result<Self, UnreadableTwoFactor> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let stored: Stored = serde_json::from_str(text).map_err(|error| {
            // The category alone: the text of the error may quote what is stored.
            UnreadableTwoFactor(format!(
                "{:?} in column {}",
                error.classify(),
                error.column()
            ))
        })?;
        Ok(Self {
            active: stored.active.map(active).transpose()?,
            pending: stored.pending.map(pending).transpose()?,
            finished: stored
                .finished
                .into_iter()
                .map(|(id, at)| FinishedSignIn { id, at })
                .collect(),
        })
    }
}

fn secret(secret: &SealedSecret) -> StoredSecret {
    StoredSecret {
        key_version: secret.key_version,
        blob: secret.blob.clone(),
    }
}

fn code(code: &BackupCode) -> StoredCode {
    StoredCode {
        digest: code.digest.to_hex(),
        used_at: code.used_at,
    }
}

fn unsealed(stored: StoredSecret) -> SealedSecret {
    SealedSecret {
        key_version: stored.key_version,
        blob: stored.blob,
    }
}

fn digest(text: &str) -> Result<SecretDigest, UnreadableTwoFactor> {
    text.parse()
        .map_err(|error| UnreadableTwoFactor(format!("backup code: {error}")))
}

fn active(stored: StoredActive) -> Result<ActiveTwoFactor, UnreadableTwoFactor> {
    let code = |code: StoredCode| {
        Ok(BackupCode {
            digest: digest(&code.digest)?,
            used_at: code.used_at,
        })
    };
    Ok(ActiveTwoFactor {
        secret: unsealed(stored.secret),
        last_step: stored.last_step,
        backup_codes: stored
            .backup_codes
            .into_iter()
            .map(code)
            .collect::<Result<_, _>>()?,
        since: stored.since,
    })
}

fn pending(stored: StoredPending) -> Result<PendingTwoFactor, UnreadableTwoFactor> {
    let codes = stored.backup_codes.iter().map(|text| digest(text));
    Ok(PendingTwoFactor {
        secret: unsealed(stored.secret),
        backup_codes: codes.collect::<Result<_, _>>()?,
        since: stored.since,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    #[test]
    fn reads_what_it_writes() {
        let sealed = SealedSecret {
            key_version: 2,
            blob: vec![0, 255, 7],
        };
        let two_factor = TwoFactor {
            active: Some(ActiveTwoFactor {
                secret: sealed.clone(),
                last_step: 12,
                backup_codes: vec![
                    BackupCode {
                        digest: SecretDigest::of(b"one"),
                        used_at: Some(at(3)),
                    },
                    BackupCode {
                        digest: SecretDigest::of(b"two"),
                        used_at: None,
                    },
                ],
                since: at(2),
            }),
            pending: Some(PendingTwoFactor {
                secret: sealed,
                backup_codes: vec![SecretDigest::of(b"three")],
                since: at(4),
            }),
            finished: vec![FinishedSignIn {
                id: Uuid::from_u128(7),
                at: at(5),
            }],
        };
        let text = two_factor.encode();
        assert_eq!(TwoFactor::decode(text.as_deref()), Ok(two_factor));
    }

    #[test]
    fn nothing_is_kept_of_no_second_factor() {
        assert_eq!(TwoFactor::default().encode(), None);
        assert_eq!(TwoFactor::decode(None), Ok(TwoFactor::default()));
    }

    #[test]
    fn an_unreadable_one_is_an_error_that_quotes_nothing() {
        let text = r#"{"active":{"secret":"hidden"}}"#;
        let error = TwoFactor::decode(Some(text)).unwrap_err().to_string();
        assert!(!error.contains("hidden"), "{error}");
    }
}
