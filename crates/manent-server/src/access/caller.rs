//! What a handler needs the caller to be allowed.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use manent_accounts::api_key::Scope;
use manent_accounts::caller::{Caller, Origin};
use manent_types::UserId;

use crate::app::App;
use crate::native::ApiError;

/// Whose rows are read; the caller may read.
pub(crate) struct Reading(pub(crate) UserId);

/// Whose rows are changed; the caller may write.
pub(crate) struct Writing(pub(crate) UserId);

/// In whose name a model is asked; the caller may generate.
pub(crate) struct Asking(pub(crate) UserId);

impl FromRequestParts<App> for Reading {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        owner(parts, Scope::Read).map(Self)
    }
}

impl FromRequestParts<App> for Writing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        owner(parts, Scope::Write).map(Self)
    }
}

impl FromRequestParts<App> for Asking {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        owner(parts, Scope::Generate).map(Self)
    }
}

/// Whoever the gate let in, for services that look themselves at what the caller may.
pub(crate) struct Person(pub(crate) Caller);

impl FromRequestParts<App> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        caller(parts).cloned().map(Self)
    }
}

/// An administrator, known by a session or by a key with the scope for it.
pub(crate) struct Administrator(pub(crate) Caller);

impl FromRequestParts<App> for Administrator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        let caller = caller(parts)?;
        caller.require_admin()?;
        Ok(Self(caller.clone()))
    }
}

/// From where a request comes, whoever makes it.
pub(crate) struct From(pub(crate) Origin);

impl FromRequestParts<App> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let label = parts.headers.get(header::USER_AGENT);
        Ok(Self(Origin {
            address: app.addresses.of(parts),
            label: label
                .and_then(|value| value.to_str().ok())
                .map(ToOwned::to_owned),
        }))
    }
}

fn caller(parts: &Parts) -> Result<&Caller, ApiError> {
    parts
        .extensions
        .get::<Caller>()
        .ok_or_else(|| ApiError::internal("a route without the gate before it"))
}

fn owner(parts: &Parts, scope: Scope) -> Result<UserId, ApiError> {
    let caller = caller(parts)?;
    caller.require(scope)?;
    Ok(caller.owner()?)
}
