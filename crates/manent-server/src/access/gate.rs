//! Before the native surface: whoever is not let in gets no further.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use manent_accounts::AccountError;
use manent_accounts::caller::Caller;
use manent_types::UserId;
use tokio::time::{Instant, timeout};

use super::address::ClientAddress;
use super::streams::OpenStreams;
use crate::accounts::Accounts;
use crate::limits;
use crate::native::ApiError;

/// How long a request waits for the store to say more than its token does. The answer never waits for the database; see decision 43.
const STORE_WAIT: Duration = Duration::from_millis(75);

/// How every API key begins.
const KEY_PREFIX: &str = "mnt_";

/// How a request says who it is from.
#[derive(Clone)]
pub(crate) enum Gate {
    /// It need not: whoever reaches the server is its one owner.
    Local(UserId),
    /// By an access token or an API key.
    Accounts(Arc<Accounts>),
}

impl Gate {
    /// The streams that end when their readers are not welcome any more.
    fn streams(&self) -> Option<&Arc<OpenStreams>> {
        match self {
            Self::Local(_) => None,
            Self::Accounts(accounts) => Some(accounts.standings.streams()),
        }
    }

    /// Who asks.
    pub(crate) async fn caller(
        &self,
        headers: &HeaderMap,
        address: Option<IpAddr>,
    ) -> Result<Caller, ApiError> {
        match self {
            Self::Local(owner) => Ok(Caller::local(*owner, address)),
            Self::Accounts(accounts) => match signed_in(accounts, headers, address).await {
                Err(AccountError::NotSignedIn) => of_provider(accounts, headers, address).await,
                caller => caller.map_err(Into::into),
            },
        }
    }
}

/// Whose access token or API key the request carries.
async fn signed_in(
    accounts: &Accounts,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> Result<Caller, AccountError> {
    let token = bearer(headers).ok_or(AccountError::NotSignedIn)?;
    if token.starts_with(KEY_PREFIX) {
        return accounts.keys.authenticate(token, address).await;
    }
    let claims = accounts.sessions.read_access_token(token)?;
    let session = claims.session;
    let standings = &accounts.standings;
    let ticket = match standings.find(session, Instant::now()) {
        // Whoever has the token now need not be where it was used before.
        Ok(caller) => return Ok(caller.at(address)),
        Err(ticket) => ticket,
    };
    match timeout(STORE_WAIT, accounts.sessions.caller(&claims, address)).await {
        Ok(Ok(caller)) => {
            standings.remember(session, &caller, ticket, Instant::now());
            Ok(caller)
        }
        // The token is genuine and current; it counts alone, for a user, until the store can say more.
        Err(_) | Ok(Err(AccountError::Store(_))) => {
            Ok(Caller::of_claims(claims.account, session, address))
        }
        Ok(Err(refused)) => Err(refused),
    }
}

/// Whose token of the OpenID provider the request carries, where such tokens are taken.
async fn of_provider(
    accounts: &Accounts,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> Result<Caller, ApiError> {
    match (&accounts.oidc, bearer(headers)) {
        (Some(oidc), Some(token)) if oidc.takes(token) => {
            oidc.caller(token, &accounts.standings, address).await
        }
        _ => Err(AccountError::NotSignedIn.into()),
    }
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// Lets a request pass together with its caller, or refuses it.
pub(crate) async fn admit(
    State((gate, addresses)): State<(Gate, ClientAddress)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let address = addresses.of(&parts);
    let streams = gate.streams();
    let changes = streams.map(|streams| streams.changes());
    match gate.caller(&parts.headers, address).await {
        Ok(caller) => {
            parts.extensions.insert(caller.clone());
            let answering = next.run(Request::from_parts(parts, body));
            let response = limits::from_address(address, answering).await;
            match (streams, changes) {
                (Some(streams), Some(changes)) => streams.watch(caller, changes, response),
                _ => response,
            }
        }
        Err(refused) => refused.into_response(),
    }
}
