//! Tokens of the provider that programs present themselves.

use manent_types::Timestamp;

use crate::claims::{Person, Sources};
use crate::error::OidcError;
use crate::provider::Provider;
use crate::token::{For, LONGEST_TOKEN, payload};

impl Provider {
    /// Whether a token says that it is this provider's, and such tokens are taken. It need not be true.
    pub fn may_be_own(&self, text: &str) -> bool {
        !self.settings.audiences.is_empty()
            && text.len() <= LONGEST_TOKEN
            && payload(text).is_some_and(|claims| {
                claims.get("iss").and_then(|issuer| issuer.as_str()) == Some(self.issuer.as_str())
            })
    }

    /// Who presents this token. Roles are looked for in it, wherever they are looked for at a sign-in.
    ///
    /// # Errors
    /// When the token does not hold, is for another audience, or the provider's keys cannot be had.
    pub async fn check_bearer(&self, text: &str, now: Timestamp) -> Result<Person, OidcError> {
        let wanted = For::AnyOf(&self.settings.audiences);
        let checked = self.check(text, wanted, now).await?;
        let sources = Sources {
            access_token: Some(checked.claims.clone()),
            user_info: Some(checked.claims.clone()),
            token: checked.claims,
        };
        let issuer = self.settings.issuer.clone();
        Ok(sources.person(&self.settings, issuer, checked.subject))
    }
}
