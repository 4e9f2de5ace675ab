//! What a browser keeps for the provider's sake: sealed, so that it can neither be read nor made outside of this server's nodes.
//!
//! - While somebody is at the provider: what the answer must match, and where they came from. `SameSite=Lax`, for the provider's redirect is a
//!   link from elsewhere; one for each sign-in, so that two tabs may do it at once.
//! - While they are signed in: the ID token, with which they are signed out there. Sent nowhere but to the sign-out, and worth nothing with
//!   another session.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use manent_accounts::ports::{VaultError, VaultUse};
use manent_accounts::secret::SealedSecret;
use manent_oidc::{TRANSACTION_LIFE, Transaction};
use manent_types::{SessionId, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::Oidc;
use super::place::Place;

/// The beginning of the name of a sign-in under way; the first characters of its state follow.
const TRANSACTION: &str = "manentSignIn-";

/// Characters of the state in that name.
const STATE_CHARACTERS: usize = 12;

/// Sign-ins that one browser may have under way. With more the oldest ones are given up.
const MOST_TRANSACTIONS: usize = 5;

/// The ID token of a session.
const ID_TOKEN: &str = "openidSession";

/// The paths that get it: those that end a session, of both surfaces.
const ID_TOKEN_PATHS: [&str; 2] = ["/auth/sign-out", "/api/auth/logout"];

/// The longest cookie that every browser keeps, with its name.
const LONGEST: usize = 3_900;

/// A sign-in under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UnderWay {
    pub(super) transaction: Transaction,
    pub(super) place: Place,
}

impl Oidc {
    /// The lines that keep a sign-in in the browser.
    pub(super) fn keep(
        &self,
        under_way: &UnderWay,
        headers: &HeaderMap,
    ) -> Result<Vec<HeaderValue>, CookieError> {
        let text = serde_json::to_string(under_way).map_err(|_| CookieError)?;
        let sealed = self.seal(&VaultUse::ProviderTransaction, &SecretString::from(text))?;
        let name = transaction_name(&under_way.transaction.state).ok_or(CookieError)?;
        let others: Vec<&str> = cookies(headers)
            .map(|(name, _)| name)
            .filter(|other| other.starts_with(TRANSACTION))
            .collect();
        let mut lines = Vec::new();
        if others.len() >= MOST_TRANSACTIONS {
            for other in others {
                lines.push(self.transaction_line(other, "", 0)?);
            }
        }
        lines.push(self.transaction_line(&name, &sealed, TRANSACTION_LIFE.as_secs())?);
        Ok(lines)
    }

    /// The sign-in with this state, if this browser began it.
    pub(super) fn under_way(&self, state: &str, headers: &HeaderMap) -> Option<UnderWay> {
        let name = transaction_name(state)?;
        let (_, sealed) = cookies(headers).find(|(other, _)| *other == name)?;
        let opened = self.open(&VaultUse::ProviderTransaction, sealed)?;
        let under_way: UnderWay = serde_json::from_str(opened.expose_secret()).ok()?;
        (under_way.transaction.state == state).then_some(under_way)
    }

    /// The line that takes a sign-in away again.
    pub(super) fn forget(&self, state: &str) -> Option<HeaderValue> {
        self.transaction_line(&transaction_name(state)?, "", 0).ok()
    }

    /// The lines that keep an ID token as long as its session. One that is too long for a cookie is left out; the mark of the session stays.
    pub(super) fn keep_id_token(
        &self,
        session: SessionId,
        token: &SecretString,
        expires_at: Timestamp,
    ) -> Result<Vec<HeaderValue>, CookieError> {
        let purpose = VaultUse::IdToken { session };
        let mut sealed = self.seal(&purpose, token)?;
        if sealed.len() > LONGEST {
            sealed = self.seal(&purpose, &SecretString::from(String::new()))?;
        }
        let left = expires_at.as_millisecond() - self.clock.now().as_millisecond();
        let left = u64::try_from(left / 1_000).unwrap_or(0);
        self.id_token_lines(&sealed, left)
    }

    /// The ID token that the browser kept for this session; empty where it was too long; absent for a session that the provider did not open.
    pub(super) fn id_token(&self, session: SessionId, headers: &HeaderMap) -> Option<SecretString> {
        let purpose = VaultUse::IdToken { session };
        cookies(headers)
            .filter(|(name, _)| *name == ID_TOKEN)
            .find_map(|(_, sealed)| self.open(&purpose, sealed))
    }

    /// The lines that take the ID token away.
    pub(super) fn forget_id_token(&self) -> Vec<HeaderValue> {
        self.id_token_lines("", 0).unwrap_or_default()
    }

    fn id_token_lines(&self, value: &str, max_age: u64) -> Result<Vec<HeaderValue>, CookieError> {
        ID_TOKEN_PATHS
            .into_iter()
            .map(|path| self.line(ID_TOKEN, value, path, "Strict", max_age))
            .collect()
    }

    fn transaction_line(
        &self,
        name: &str,
        value: &str,
        max_age: u64,
    ) -> Result<HeaderValue, CookieError> {
        self.line(name, value, "/oauth/openid", "Lax", max_age)
    }

    fn line(
        &self,
        name: &str,
        value: &str,
        path: &str,
        same_site: &str,
        max_age: u64,
    ) -> Result<HeaderValue, CookieError> {
        let secure = if self.options.is_secure {
            "; Secure"
        } else {
            ""
        };
        let text = format!(
            "{name}={value}; Path={path}; Max-Age={max_age}; HttpOnly; SameSite={same_site}{secure}"
        );
        let mut line = HeaderValue::try_from(text).map_err(|_| CookieError)?;
        line.set_sensitive(true);
        Ok(line)
    }

    /// As text: the number of the key, and what it sealed.
    fn seal(&self, purpose: &VaultUse, secret: &SecretString) -> Result<String, VaultError> {
        let sealed = self.vault.seal(purpose, secret)?;
        let blob = URL_SAFE_NO_PAD.encode(&sealed.blob);
        Ok(format!("{}.{blob}", sealed.key_version))
    }

    fn open(&self, purpose: &VaultUse, text: &str) -> Option<SecretString> {
        let (key_version, blob) = text.split_once('.')?;
        let sealed = SealedSecret {
            key_version: key_version.parse().ok()?,
            blob: URL_SAFE_NO_PAD.decode(blob).ok()?,
        };
        self.vault.open(purpose, &sealed).ok()
    }
}

/// Something cannot be kept in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cookie cannot be made")]
pub(super) struct CookieError;

impl From<VaultError> for CookieError {
    fn from(_: VaultError) -> Self {
        Self
    }
}

/// States are Base64, so their beginning can stand in a name; what strangers send as one need not.
fn transaction_name(state: &str) -> Option<String> {
    let begin = state.get(..STATE_CHARACTERS)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    begin
        .bytes()
        .all(is_plain)
        .then(|| format!("{TRANSACTION}{begin}"))
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}
