//! `/oauth/openid…`: to the provider and back. A browser comes here by links, so every answer is one.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use manent_accounts::caller::{Caller, Origin};
use manent_accounts::services::OpenIdError;
use manent_oidc::{Callback, OidcError};
use manent_types::SessionId;
use serde::Deserialize;

use super::cookies::UnderWay;
use super::failure::Failure;
use super::place::{self, Client, LIBRECHAT_FAILURE, Place};
use super::{Oidc, person};
use crate::access::From;
use crate::accounts::Accounts;
use crate::app::App;

/// Where somebody goes to be signed in.
pub(crate) const BEGIN: &str = "/oauth/openid";

/// Where the provider sends people.
const CALLBACK: &str = "/oauth/openid/callback";

/// The routes; without a provider there are none.
pub(crate) fn routes(app: &App) -> Router<App> {
    let has_provider = app
        .accounts
        .as_ref()
        .is_some_and(|accounts| accounts.oidc.is_some());
    if !has_provider {
        return Router::new();
    }
    Router::new()
        .route(BEGIN, get(begin))
        .route(CALLBACK, get(come_back))
        .route(
            "/oauth/error",
            get(async || go_to(LIBRECHAT_FAILURE, Vec::new())),
        )
}

/// Who wants to be signed in, and where they are.
#[derive(Debug, Default, Deserialize)]
struct Begin {
    #[serde(default)]
    client: Client,
    #[serde(default)]
    return_to: Option<String>,
}

/// Sends a browser to the provider.
async fn begin(
    State(app): State<App>,
    query: Result<Query<Begin>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Some((_, oidc)) = parts(&app) else {
        return go_to(LIBRECHAT_FAILURE, Vec::new());
    };
    let Query(query) = query.unwrap_or_default();
    let place = Place::new(query.client, query.return_to.as_deref());
    let redirect_uri = format!("{}{CALLBACK}", oidc.base(&headers));
    let started = match oidc.provider.begin(&redirect_uri, oidc.clock.now()).await {
        Ok(started) => started,
        Err(error) => {
            tracing::warn!(%error, "nobody can be sent to the OpenID provider");
            return go_to(&place.failure((&error).into()), Vec::new());
        }
    };
    let under_way = UnderWay {
        transaction: started.transaction,
        place,
    };
    match oidc.keep(&under_way, &headers) {
        Ok(cookies) => go_to(&started.url, cookies),
        Err(error) => {
            tracing::error!(%error, "a sign-in cannot be begun");
            go_to(&under_way.place.failure(Failure::Internal), Vec::new())
        }
    }
}

/// Takes the provider's answer.
async fn come_back(
    State(app): State<App>,
    From(origin): From,
    query: Result<Query<Callback>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Some((accounts, oidc)) = parts(&app) else {
        return go_to(LIBRECHAT_FAILURE, Vec::new());
    };
    let Query(callback) = query.unwrap_or_default();
    let state = callback.state.clone().unwrap_or_default();
    let mut cookies: Vec<HeaderValue> = oidc.forget(&state).into_iter().collect();
    let Some(under_way) = oidc.under_way(&state, &headers) else {
        return go_to(&place::unknown(Failure::Expired), cookies);
    };
    match finish(accounts, oidc, &callback, &under_way, &origin).await {
        Ok(more) => {
            cookies.extend(more);
            go_to(&under_way.place.success(), cookies)
        }
        Err(failure) => go_to(&under_way.place.failure(failure), cookies),
    }
}

/// Signs somebody in; answers what their browser keeps.
async fn finish(
    accounts: &Accounts,
    oidc: &Oidc,
    callback: &Callback,
    under_way: &UnderWay,
    origin: &Origin,
) -> Result<Vec<HeaderValue>, Failure> {
    let transaction = &under_way.transaction;
    let now = oidc.clock.now();
    if !oidc
        .spent
        .take(&transaction.state, transaction.expires_at, now)
    {
        return Err(Failure::Expired);
    }
    if oidc.people.attempt(origin).is_err() {
        return Err(Failure::TooManyAttempts);
    }
    let finished = match oidc.provider.finish(callback, transaction, now).await {
        Ok(finished) => finished,
        Err(error) => {
            tracing::warn!(%error, "a sign-in through the OpenID provider failed");
            let failure = Failure::from(&error);
            if matches!(error, OidcError::Invalid { .. }) {
                note(oidc, failure.code(), origin).await;
            }
            return Err(failure);
        }
    };
    let person = match person::let_in(finished.person) {
        Ok(person) => person,
        Err(refusal) => {
            note(oidc, refusal.to_string(), origin).await;
            return Err(Failure::NotLetIn(refusal));
        }
    };
    let opened = oidc.people.sign_in(&person, origin).await.map_err(|error| {
        match &error {
            OpenIdError::Refused(refusal) => {
                tracing::info!(%refusal, "somebody whom the OpenID provider knows was not let in");
            }
            OpenIdError::Account(error) => {
                tracing::error!(%error, "a sign-in through the OpenID provider could not be finished");
            }
        }
        Failure::from(&error)
    })?;
    let session = &opened.session;
    let internal = |_| Failure::Internal;
    let cookie = accounts
        .cookies
        .set(&opened.refresh_token, session.expires_at, now);
    let mut cookies = vec![cookie.map_err(|_| Failure::Internal)?];
    if oidc.options.ends_session {
        let kept = oidc.keep_id_token(session.id, &finished.id_token, session.expires_at);
        cookies.extend(kept.map_err(internal)?);
    }
    Ok(cookies)
}

/// Writes a refusal into the audit log. That it cannot be written changes nothing for whoever is refused anyway.
async fn note(oidc: &Oidc, reason: impl std::fmt::Display, origin: &Origin) {
    if let Err(error) = oidc.people.refused(reason, origin).await {
        tracing::error!(%error, "a refused sign-in could not be written into the audit log");
    }
}

fn parts(app: &App) -> Option<(&Accounts, &Oidc)> {
    let accounts = app.accounts.as_deref()?;
    Some((accounts, accounts.oidc.as_deref()?))
}

/// What a surface needs to sign somebody out at the provider too.
#[derive(Debug, Default)]
pub(crate) struct EndedSession {
    /// Where the browser goes to sign out there; absent: nowhere.
    pub(crate) redirect: Option<String>,
    /// What it forgets.
    pub(crate) cookies: Vec<HeaderValue>,
}

impl Accounts {
    /// What follows the end of the caller's session at the provider, for a browser that sends these headers.
    pub(crate) fn end_provider_session(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
    ) -> EndedSession {
        match (&self.oidc, caller.session()) {
            (Some(oidc), Some(session)) => oidc.end_session(session, headers),
            _ => EndedSession::default(),
        }
    }
}

impl Oidc {
    /// What follows the end of a session of a browser that sends these headers.
    fn end_session(&self, session: SessionId, headers: &HeaderMap) -> EndedSession {
        let Some(token) = self.id_token(session, headers) else {
            return EndedSession::default();
        };
        let is_wanted = self.options.ends_session;
        let return_to = format!("{}/", self.base(headers));
        EndedSession {
            redirect: is_wanted
                .then(|| self.provider.end_session_url(Some(&token), &return_to))
                .flatten(),
            cookies: self.forget_id_token(),
        }
    }

    /// The address of this server, without a `/` at its end. The name that a request was made under is one of loopback where there is no
    /// public address; others do not get this far.
    fn base(&self, headers: &HeaderMap) -> String {
        let host = || {
            let host = headers.get(header::HOST);
            let host = host.and_then(|host| host.to_str().ok());
            format!("http://{}", host.unwrap_or("localhost"))
        };
        self.options.public_url.clone().unwrap_or_else(host)
    }
}

fn go_to(address: &str, cookies: Vec<HeaderValue>) -> Response {
    let Ok(address) = HeaderValue::try_from(address) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = StatusCode::FOUND.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, address);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}
