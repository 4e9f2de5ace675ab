//! `/auth…`: registering, signing in, staying signed in. Nobody needs to be signed in for these.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::AppendHeaders;
use manent_accounts::services::{OpenedSession, SecondFactor, SignUp, SignedIn};
use manent_protocol::{
    AuthOptions, Problem, RegisterRequest, SecondFactorRequest, SignInAnswer, SignInRequest,
    SignedInResource,
};
use secrecy::ExposeSecret;

use super::convert;
use super::error::ApiError;
use crate::access::{From, device_mark, refresh_tokens};
use crate::accounts::Accounts;
use crate::app::App;
use crate::http::body::Json;

/// An answer with the cookie that belongs to it.
type WithCookie<T> = (AppendHeaders<[(header::HeaderName, HeaderValue); 1]>, T);

/// What a sign-in page has to know.
#[utoipa::path(get, path = "/auth/options", tag = "accounts", responses((status = 200, body = AuthOptions)))]
pub(super) async fn options(State(app): State<App>) -> JsonAnswer<AuthOptions> {
    JsonAnswer(convert::auth_options(app.accounts.as_deref()))
}

/// Makes an account. The answer does not tell whether the address had one already; nobody is signed in by it.
#[utoipa::path(post, path = "/auth/register", tag = "accounts", request_body = RegisterRequest,
    responses((status = 204, description = "The account is there, or was"), (status = "default", body = Problem)))]
pub(super) async fn register(
    State(app): State<App>,
    From(origin): From,
    Json(request): Json<RegisterRequest>,
) -> Result<StatusCode, ApiError> {
    let sign_up = SignUp {
        name: request.name,
        username: None,
        email: request.email,
        password: request.password,
        invitation: request.invitation,
    };
    app.accounts()?.sign_up.sign_up(sign_up, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs in with a password.
#[utoipa::path(post, path = "/auth/sign-in", tag = "accounts", request_body = SignInRequest,
    responses((status = 200, body = SignInAnswer), (status = "default", body = Problem)))]
pub(super) async fn sign_in(
    State(app): State<App>,
    From(origin): From,
    presented: HeaderMap,
    Json(request): Json<SignInRequest>,
) -> Result<(HeaderMap, JsonAnswer<SignInAnswer>), ApiError> {
    let accounts = app.accounts()?;
    let device = device_mark(&presented);
    let device = device.as_ref().map(ExposeSecret::expose_secret);
    let signed_in = accounts
        .sign_in
        .sign_in(&request.email, request.password, device, &origin)
        .await?;
    let mut headers = HeaderMap::new();
    let answer = match signed_in {
        SignedIn::Session(opened) => {
            let (cookie, resource) = signed_in_resource(accounts, &opened)?;
            headers.insert(header::SET_COOKIE, cookie);
            let mark = accounts.mark_device(&opened, &presented)?;
            headers.append(header::SET_COOKIE, mark);
            SignInAnswer::SignedIn(resource)
        }
        SignedIn::SecondFactorNeeded { token, expires_at } => SignInAnswer::SecondFactorNeeded {
            token: token.expose_secret().to_owned(),
            expires_at,
        },
    };
    Ok((headers, JsonAnswer(answer)))
}

/// The second step of a sign-in.
#[utoipa::path(post, path = "/auth/second-factor", tag = "accounts", request_body = SecondFactorRequest,
    responses((status = 200, body = SignedInResource), (status = "default", body = Problem)))]
pub(super) async fn second_factor(
    State(app): State<App>,
    From(origin): From,
    presented: HeaderMap,
    Json(request): Json<SecondFactorRequest>,
) -> Result<(HeaderMap, JsonAnswer<SignedInResource>), ApiError> {
    let factor = match (request.code, request.backup_code) {
        (Some(code), None) => SecondFactor::Code(code),
        (None, Some(code)) => SecondFactor::BackupCode(code),
        _ => {
            let detail = "Give one of `code` and `backupCode`.";
            return Err(ApiError::invalid_body(".", detail));
        }
    };
    let accounts = app.accounts()?;
    let token = request.token.expose_secret();
    let opened = accounts
        .sign_in
        .second_factor(token, factor, &origin)
        .await?;
    let (cookie, resource) = signed_in_resource(accounts, &opened)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, cookie);
    let mark = accounts.mark_device(&opened, &presented)?;
    headers.append(header::SET_COOKIE, mark);
    Ok((headers, JsonAnswer(resource)))
}

/// The next access token for whoever carries the cookie; the cookie is replaced. Many tabs may ask at once.
#[utoipa::path(post, path = "/auth/refresh", tag = "accounts",
    responses((status = 200, body = SignedInResource), (status = "default", body = Problem)))]
pub(super) async fn refresh(
    State(app): State<App>,
    From(origin): From,
    headers: HeaderMap,
) -> Result<WithCookie<JsonAnswer<SignedInResource>>, ApiError> {
    let accounts = app.accounts()?;
    let tokens = refresh_tokens(&headers);
    let opened = accounts.sessions.refresh_one_of(&tokens, &origin).await?;
    with_cookie(accounts, &opened)
}

fn with_cookie(
    accounts: &Accounts,
    opened: &OpenedSession,
) -> Result<WithCookie<JsonAnswer<SignedInResource>>, ApiError> {
    let (cookie, resource) = signed_in_resource(accounts, opened)?;
    let headers = AppendHeaders([(header::SET_COOKIE, cookie)]);
    Ok((headers, JsonAnswer(resource)))
}

fn signed_in_resource(
    accounts: &Accounts,
    opened: &OpenedSession,
) -> Result<(HeaderValue, SignedInResource), ApiError> {
    let expires_at = opened.session.expires_at;
    let now = accounts.clock.now();
    let cookie = accounts
        .cookies
        .set(&opened.refresh_token, expires_at, now)?;
    let resource = SignedInResource {
        token: opened.access_token.expose_secret().to_owned(),
        expires_at: opened.access_expires_at,
        account: convert::account(&opened.account),
    };
    Ok((cookie, resource))
}
