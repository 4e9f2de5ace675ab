//! The authorization code flow, with PKCE, state and nonce.

use std::fmt;

use manent_types::Timestamp;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreGenderClaim,
};
use openidconnect::{
    AccessToken, AdditionalClaims, AuthType, AuthorizationCode, ClientSecret, CsrfToken, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadataWithLogout,
    RedirectUrl, RequestTokenError, Scope, SubjectIdentifier, TokenResponse, UserInfoClaims,
    UserInfoError,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::claims::{Claims, Person, Sources};
use crate::error::OidcError;
use crate::http::HttpError;
use crate::provider::Provider;
use crate::settings::{ProviderSettings, RoleSource};
use crate::token::For;
use crate::transaction::{TRANSACTION_LIFE, Transaction};

/// A sign-in that begins.
#[derive(Debug)]
pub struct Started {
    /// Where the browser goes.
    pub url: String,
    /// What it keeps meanwhile.
    pub transaction: Transaction,
}

/// With what the browser comes back.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Callback {
    /// The state that it was sent with.
    #[serde(default)]
    pub state: Option<String>,
    /// What can be redeemed.
    #[serde(default)]
    pub code: Option<String>,
    /// Why there is nothing.
    #[serde(default)]
    pub error: Option<String>,
    /// Which provider sends it (RFC 9207).
    #[serde(default)]
    pub iss: Option<String>,
}

impl fmt::Debug for Callback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Callback(..)")
    }
}

/// A sign-in that succeeded at the provider.
#[derive(Debug)]
pub struct Finished {
    /// Who.
    pub person: Person,
    /// For signing out there.
    pub id_token: SecretString,
}

/// All claims that have no place of their own.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OtherClaims {
    #[serde(flatten)]
    claims: Claims,
}

impl AdditionalClaims for OtherClaims {}

impl Provider {
    /// Begins a sign-in that comes back to this address.
    ///
    /// # Errors
    /// When the provider is not available, or the address is none.
    pub async fn begin(&self, redirect_uri: &str, now: Timestamp) -> Result<Started, OidcError> {
        let discovered = self.discovered().await?;
        let redirect = redirect_url(redirect_uri)?;
        let client =
            CoreClient::from_provider_metadata(discovered.metadata.clone(), self.id(), None)
                .set_redirect_uri(redirect);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = self
            .settings
            .scopes
            .iter()
            .filter(|scope| *scope != "openid");
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(scopes.map(|scope| Scope::new(scope.clone())))
            .set_pkce_challenge(challenge)
            .url();
        let life = i64::try_from(TRANSACTION_LIFE.as_millis()).unwrap_or(i64::MAX);
        let expires_at = Timestamp::from_millisecond(now.as_millisecond().saturating_add(life))
            .map_err(|_| OidcError::invalid("there is no such time"))?;
        Ok(Started {
            url: url.into(),
            transaction: Transaction {
                state: state.secret().clone(),
                nonce: nonce.secret().clone(),
                verifier: verifier.secret().clone(),
                redirect_uri: redirect_uri.to_owned(),
                expires_at,
            },
        })
    }

    /// Finishes a sign-in: redeems the code, and checks what comes for it.
    ///
    /// # Errors
    /// When the browser is not the one that began it or is late, when the provider says no or is not available, or when something does not
    /// hold.
    pub async fn finish(
        &self,
        callback: &Callback,
        transaction: &Transaction,
        now: Timestamp,
    ) -> Result<Finished, OidcError> {
        let state = callback.state.as_deref().unwrap_or_default();
        if !transaction.is_answered_by(state, now) {
            return Err(OidcError::Expired);
        }
        let issuer = self.issuer.as_str();
        if callback.iss.as_deref().is_some_and(|iss| iss != issuer) {
            return Err(OidcError::invalid("another provider answers (iss)"));
        }
        if let Some(error) = &callback.error {
            return Err(OidcError::Refused {
                code: code_of(error),
            });
        }
        let code = callback.code.clone();
        let code = code.ok_or_else(|| OidcError::invalid("there is no code"))?;
        let discovered = self.discovered().await?;
        let metadata = &discovered.metadata;
        let secret = self.settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        let client = CoreClient::from_provider_metadata(metadata.clone(), self.id(), secret)
            .set_redirect_uri(redirect_url(&transaction.redirect_uri)?)
            .set_auth_type(auth_type(metadata));
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| OidcError::invalid("the provider names no token endpoint"))?
            .set_pkce_verifier(PkceCodeVerifier::new(transaction.verifier.clone()));
        let tokens = match request.request_async(&self.http).await {
            Ok(tokens) => tokens,
            Err(RequestTokenError::Request(error)) => return Err(unavailable(&error)),
            Err(RequestTokenError::ServerResponse(answer)) => {
                let code = code_of(answer.error().as_ref());
                let detail = format!("the code is not redeemed: {code}");
                return Err(OidcError::Invalid { detail });
            }
            // What could not be read may have a token in it.
            Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
                return Err(OidcError::invalid("the tokens cannot be read"));
            }
        };
        let id_token = tokens.id_token();
        let id_token = id_token.ok_or_else(|| OidcError::invalid("there is no ID token"))?;
        let id_token = SecretString::from(id_token.to_string());
        let access_token = tokens.access_token();
        let wanted = For::ThisSignIn {
            nonce: &transaction.nonce,
            access_token,
        };
        let checked = self.check(id_token.expose_secret(), wanted, now).await?;
        let mut sources = Sources {
            token: checked.claims,
            access_token: self.read_access_token(access_token, now).await,
            user_info: None,
        };
        if sources.need_user_info(&self.settings)
            && let Ok(request) = client.user_info(
                access_token.clone(),
                Some(SubjectIdentifier::new(checked.subject.clone())),
            )
        {
            let claims = request.request_async(&self.http).await;
            sources.user_info = Some(all_claims(&claims.map_err(user_info_failure)?)?);
        }
        let person = sources.person(&self.settings, issuer.to_owned(), checked.subject);
        Ok(Finished { person, id_token })
    }

    fn id(&self) -> openidconnect::ClientId {
        self.client_id.clone()
    }

    /// The claims of the access token, where roles are looked for in it and it can be read.
    async fn read_access_token(&self, token: &AccessToken, now: Timestamp) -> Option<Claims> {
        let ProviderSettings {
            required, admin, ..
        } = &self.settings;
        let is_needed = [required, admin]
            .iter()
            .any(|rule| !rule.roles.is_empty() && rule.source == RoleSource::AccessToken);
        if !is_needed {
            return None;
        }
        match self.check(token.secret(), For::Anybody, now).await {
            Ok(checked) => Some(checked.claims),
            Err(error) => {
                tracing::warn!(%error, "the provider's access token has no roles that could be read");
                None
            }
        }
    }
}

/// Text that strangers may have written, as far as it can be a code.
fn code_of(text: &str) -> String {
    let is_allowed = |character: &char| character.is_ascii_alphanumeric() || *character == '_';
    text.chars().filter(is_allowed).take(60).collect()
}

fn redirect_url(text: &str) -> Result<RedirectUrl, OidcError> {
    RedirectUrl::new(text.to_owned())
        .map_err(|_| OidcError::invalid("the address to come back to is none"))
}

/// In the header, as every provider should be able to; in the body where it says that it cannot.
fn auth_type(metadata: &ProviderMetadataWithLogout) -> AuthType {
    let methods = metadata.token_endpoint_auth_methods_supported();
    let takes = |method| methods.is_none_or(|methods| methods.contains(&method));
    if takes(CoreClientAuthMethod::ClientSecretBasic) {
        AuthType::BasicAuth
    } else {
        AuthType::RequestBody
    }
}

fn unavailable(error: &HttpError) -> OidcError {
    OidcError::unavailable(error.to_string())
}

fn user_info_failure(error: UserInfoError<HttpError>) -> OidcError {
    match error {
        UserInfoError::Request(error) => unavailable(&error),
        UserInfoError::ClaimsVerification(error) => {
            OidcError::invalid(format!("userinfo: {error}"))
        }
        UserInfoError::Response(status, _, _) => {
            OidcError::invalid(format!("userinfo is answered with {status}"))
        }
        _ => OidcError::invalid("userinfo cannot be read"),
    }
}

/// All claims as they came.
fn all_claims(claims: &UserInfoClaims<OtherClaims, CoreGenderClaim>) -> Result<Claims, OidcError> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(claims)) => Ok(claims),
        _ => Err(OidcError::invalid("userinfo cannot be read")),
    }
}
