//! `/api/auth/{register,login,refresh,logout}`.

use axum::Json as JsonAnswer;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use manent_accounts::AccountError;
use manent_accounts::services::{OpenedSession, SignUp, SignedIn};
use manent_domain::ports::Clock;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Refusal;
use super::user::User;
use super::{cookies, local};
use crate::access::{From as Place, Gate, Person, device_mark, refresh_tokens};
use crate::accounts::Accounts;
use crate::app::App;
use crate::environment::SystemClock;
use crate::http::body::Json;
use crate::native::ApiError;

/// What a form that was not filled in rightly gets: the client shows the message at the registration, and a text of its own at the sign-in.
const INVALID_FORM: StatusCode = StatusCode::NOT_FOUND;

/// `POST /api/auth/register`.
#[derive(Deserialize)]
pub(super) struct Registration {
    name: String,
    #[serde(default)]
    username: Option<String>,
    email: String,
    password: SecretString,
    confirm_password: SecretString,
    /// The secret of an invitation.
    #[serde(default)]
    token: Option<SecretString>,
}

/// Makes an account; nobody is signed in by it. The answer does not tell whether the address had one already.
pub(super) async fn register(
    State(app): State<App>,
    Place(origin): Place,
    body: Result<Json<Registration>, ApiError>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let Json(request) = body.map_err(invalid_form)?;
    if request.password.expose_secret() != request.confirm_password.expose_secret() {
        return Err(Refusal::new(INVALID_FORM, "The passwords do not match"));
    }
    let token = request.token;
    let sign_up = SignUp {
        name: request.name,
        username: request.username,
        email: request.email,
        password: request.password,
        invitation: token.filter(|token| !token.expose_secret().is_empty()),
    };
    let signed_up = app.accounts()?.sign_up.sign_up(sign_up, &origin).await;
    signed_up.map_err(|error| match error {
        AccountError::Invalid { .. } => Refusal::new(INVALID_FORM, error.to_string()),
        AccountError::SignUpOff | AccountError::PasswordsOff => {
            Refusal::new(StatusCode::FORBIDDEN, "Registration is not allowed.")
        }
        AccountError::DomainNotAllowed => Refusal::new(
            StatusCode::FORBIDDEN,
            "The email address provided cannot be used. Please use a different email address.",
        ),
        AccountError::InvitationInvalid => Refusal::bad("The invitation is invalid or was used"),
        other => other.into(),
    })?;
    Ok(JsonAnswer(
        json!({"message": "Please check your email to verify your email address."}),
    ))
}

/// `POST /api/auth/login`.
#[derive(Deserialize)]
pub(super) struct Login {
    email: String,
    password: SecretString,
}

/// Signs in with a password.
pub(super) async fn login(
    State(app): State<App>,
    Place(origin): Place,
    presented: HeaderMap,
    body: Result<Json<Login>, ApiError>,
) -> Result<Response, Refusal> {
    let Json(request) = body.map_err(invalid_form)?;
    let accounts = app.accounts()?;
    let device = device_mark(&presented);
    let device = device.as_ref().map(ExposeSecret::expose_secret);
    let signed_in = accounts
        .sign_in
        .sign_in(&request.email, request.password, device, &origin)
        .await;
    let signed_in = signed_in.map_err(|error| match error {
        AccountError::WrongCredentials => {
            Refusal::new(INVALID_FORM, "The email address or the password is wrong.")
        }
        AccountError::EmailNotVerified => {
            Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "Email not verified.")
        }
        AccountError::AccountDisabled => {
            Refusal::new(StatusCode::FORBIDDEN, "The account is disabled.")
        }
        other => other.into(),
    })?;
    match signed_in {
        SignedIn::Session(opened) => first_answer(accounts, &opened, &presented),
        SignedIn::SecondFactorNeeded { token, .. } => {
            let answer = json!({"twoFAPending": true, "tempToken": token.expose_secret()});
            Ok(JsonAnswer(answer).into_response())
        }
    }
}

/// Whether the client asks for the second time.
#[derive(Deserialize)]
pub(super) struct Retry {
    #[serde(default)]
    retry: Option<String>,
}

/// The next access token for whoever carries the cookie; the cookie is replaced. Without one, the answer is a success without a token, which the
/// client takes for being signed out.
pub(super) async fn refresh(
    State(app): State<App>,
    Place(origin): Place,
    Query(Retry { retry }): Query<Retry>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if let Gate::Local(owner) = app.gate {
        let session = local::session(owner, SystemClock.now());
        return Ok(JsonAnswer(session).into_response());
    }
    let accounts = app.accounts()?;
    let tokens = refresh_tokens(&headers);
    if tokens.is_empty() {
        return Ok("Refresh token not provided".into_response());
    }
    let is_one = |token: &SecretString| accounts.sessions.is_refresh_token(token.expose_secret());
    if !tokens.iter().any(is_one) {
        return Err(Refusal::Text(
            StatusCode::FORBIDDEN,
            "Invalid refresh token",
        ));
    }
    let refreshed = accounts.sessions.refresh_one_of(&tokens, &origin).await;
    let opened = refreshed.map_err(|error| match error {
        AccountError::NotSignedIn | AccountError::SessionEnded(_) => {
            let is_second = retry.as_deref() == Some("true");
            let status = if is_second {
                StatusCode::FORBIDDEN
            } else {
                StatusCode::UNAUTHORIZED
            };
            Refusal::Text(status, "Refresh token expired or not found for this user")
        }
        other => other.into(),
    })?;
    signed_in_answer(accounts, &opened)
}

/// Ends the session that asks, and takes its cookies away. Where it came from an OpenID provider, the client is sent there next.
pub(super) async fn logout(
    State(app): State<App>,
    Person(caller): Person,
    headers: HeaderMap,
) -> Result<(HeaderMap, JsonAnswer<Value>), Refusal> {
    if app.accounts.is_none() {
        // There is no session: the client asks for the next token and is the owner again.
        let answer = json!({"message": "Logout successful"});
        return Ok((HeaderMap::new(), JsonAnswer(answer)));
    }
    let accounts = app.accounts()?;
    let ended = accounts.end_provider_session(&caller, &headers);
    accounts.sessions.sign_out(&caller).await?;
    let mut headers = HeaderMap::new();
    cookies::clear(accounts.cookies, &mut headers)?;
    for cookie in ended.cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    let mut answer = json!({"message": "Logout successful"});
    if let Some(redirect) = ended.redirect {
        answer["redirect"] = redirect.into();
    }
    Ok((headers, JsonAnswer(answer)))
}

/// Who signed in, with the access token.
#[derive(Serialize)]
struct Session<'token> {
    token: &'token str,
    user: User,
}

/// The answer to whoever is signed in now, with the cookies that belong to it.
fn signed_in_answer(accounts: &Accounts, opened: &OpenedSession) -> Result<Response, Refusal> {
    let mut headers = HeaderMap::new();
    cookies::set(accounts.cookies, opened, &mut headers)?;
    let session = Session {
        token: opened.access_token.expose_secret(),
        user: User::from(&opened.account),
    };
    Ok((headers, JsonAnswer(session)).into_response())
}

/// The same after a sign-in, which marks the device.
pub(super) fn first_answer(
    accounts: &Accounts,
    opened: &OpenedSession,
    presented: &HeaderMap,
) -> Result<Response, Refusal> {
    let mut response = signed_in_answer(accounts, opened)?;
    let mark = accounts.mark_device(opened, presented)?;
    response.headers_mut().append(header::SET_COOKIE, mark);
    Ok(response)
}

/// A field that is missing or no text; what is no JSON at all stays what it is.
fn invalid_form(error: ApiError) -> Refusal {
    if matches!(error.code(), "invalid_body" | "invalid_id") {
        Refusal::new(INVALID_FORM, error.detail())
    } else {
        error.into()
    }
}
