//! Signing out at the provider too.

use std::str::FromStr;

use openidconnect::core::CoreIdToken;
use openidconnect::{LogoutRequest, PostLogoutRedirectUrl};
use secrecy::{ExposeSecret, SecretString};

use crate::provider::Provider;

impl Provider {
    /// Where a browser goes to sign out at the provider, and from there back to `return_to`. Nobody waits for the provider: absent where it
    /// offers nothing of the kind, or said nothing of itself yet.
    pub fn end_session_url(
        &self,
        id_token: Option<&SecretString>,
        return_to: &str,
    ) -> Option<String> {
        let discovered = self.at_hand()?;
        let metadata = discovered.metadata.additional_metadata();
        let endpoint = metadata.end_session_endpoint.clone()?;
        let mut request = LogoutRequest::from(endpoint).set_client_id(self.client_id.clone());
        if let Ok(return_to) = PostLogoutRedirectUrl::new(return_to.to_owned()) {
            request = request.set_post_logout_redirect_uri(return_to);
        }
        if let Some(token) = id_token
            && let Ok(token) = CoreIdToken::from_str(token.expose_secret())
        {
            request = request.set_id_token_hint(&token);
        }
        Some(request.http_get_url().into())
    }
}
