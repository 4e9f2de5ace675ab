//! The mode local: the client finds itself signed in as the one owner, without cookies and without a secret.
//!
//! Invariant: the token means nothing. Whoever reaches the server is its owner, with or without one; the client needs something of this form, and
//! an end of it that is far away.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use manent_accounts::account::AccountProvider;
use manent_accounts::role::{Permissions, Role, RoleName};
use manent_types::{Timestamp, UserId};
use serde_json::{Value, json};

use super::permissions;
use super::short_id::short_id;
use super::surface::Surface;

/// How long the client waits before it asks for the next token, in seconds.
const TOKEN_LIFE: i64 = 24 * 60 * 60;

/// The owner as LibreChat's client knows people. The client keeps things of its own under the id, so that never changes.
pub(super) fn user(owner: UserId) -> Value {
    let id = short_id(owner.as_uuid());
    let since = since(owner);
    json!({
        "_id": id,
        "id": id,
        "name": "Owner",
        "username": "owner",
        "email": "owner@localhost",
        "emailVerified": true,
        "avatar": null,
        // Not "local": then the client would offer a second factor and a password.
        "provider": AccountProvider::OpenId.as_str(),
        "role": RoleName::user().as_str(),
        "plugins": [],
        "twoFactorEnabled": false,
        "termsAccepted": true,
        "createdAt": since,
        "updatedAt": since,
    })
}

/// What the client takes for a sign-in.
pub(super) fn session(owner: UserId, now: Timestamp) -> Value {
    json!({"token": token(owner, now), "user": user(owner)})
}

/// The one role: there is nobody to administer.
pub(super) fn role(surface: &Surface) -> Role {
    let role = Role::new(RoleName::user(), &Permissions::default());
    permissions::effective(surface, role)
}

/// When the owner's id was made, as it says itself.
fn since(owner: UserId) -> Option<Timestamp> {
    let milliseconds = i64::try_from(owner.as_uuid().as_u128() >> 80).ok()?;
    Timestamp::from_millisecond(milliseconds).ok()
}

fn token(owner: UserId, now: Timestamp) -> String {
    let seconds = now.as_millisecond() / 1_000;
    let head = json!({"alg": "none", "typ": "JWT"});
    let claims = json!({
        "id": short_id(owner.as_uuid()),
        "iat": seconds,
        "exp": seconds + TOKEN_LIFE,
    });
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", encode(head), encode(claims))
}
