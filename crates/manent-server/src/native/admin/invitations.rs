//! `/admin/invitations…`.

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use manent_accounts::AccountError;
use manent_accounts::one_time_link::{LinkSubject, OneTimeLink};
use manent_accounts::role::RoleName;
use manent_accounts::secret::SecretDigest;
use manent_protocol::{InvitationList, InvitationResource, InviteRequest, MadeInvitation, Problem};
use secrecy::ExposeSecret;

use super::accounts::role_name;
use crate::access::Administrator;
use crate::app::App;
use crate::http::body::Json;
use crate::links;
use crate::native::error::ApiError;

/// Invites somebody; the link stands in this answer, and in a mail where mail is configured and an address was given.
#[utoipa::path(post, path = "/admin/invitations", tag = "administration", request_body = InviteRequest,
    responses((status = 201, body = MadeInvitation), (status = "default", body = Problem)))]
pub(in crate::native) async fn create(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Json(request): Json<InviteRequest>,
) -> Result<(StatusCode, JsonAnswer<MadeInvitation>), ApiError> {
    let role = request.role.as_deref().map(role_name).transpose()?;
    let accounts = app.accounts()?;
    let made = accounts
        .invitations
        .invite(
            &caller,
            request.email.as_deref(),
            role.unwrap_or_else(RoleName::user),
        )
        .await?;
    let link = links::invitation(&accounts.address, &made.secret);
    let answer = MadeInvitation {
        link: link.expose_secret().to_owned(),
        expires_at: made.expires_at,
        mailed: made.is_mailed,
    };
    Ok((StatusCode::CREATED, JsonAnswer(answer)))
}

/// Lists the invitations that were not used and have not expired.
#[utoipa::path(get, path = "/admin/invitations", tag = "administration",
    responses((status = 200, body = InvitationList), (status = "default", body = Problem)))]
pub(in crate::native) async fn list(
    State(app): State<App>,
    Administrator(caller): Administrator,
) -> Result<JsonAnswer<InvitationList>, ApiError> {
    let links = app.accounts()?.invitations.list(&caller).await?;
    Ok(JsonAnswer(InvitationList {
        invitations: links.into_iter().filter_map(resource).collect(),
    }))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/admin/invitations/{id}", tag = "administration", params(("id" = String, Path)),
    responses((status = 204, description = "It does nothing any more"), (status = "default", body = Problem)))]
pub(in crate::native) async fn revoke(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let digest: SecretDigest = id.parse().map_err(|_| AccountError::NotFound)?;
    app.accounts()?.invitations.revoke(&caller, digest).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn resource(link: OneTimeLink) -> Option<InvitationResource> {
    match link.subject {
        LinkSubject::Invited { email, role, by } => Some(InvitationResource {
            id: link.digest.to_hex(),
            email: email.map(|email| email.as_str().to_owned()),
            role: role.as_str().to_owned(),
            by,
            created_at: link.created_at,
            expires_at: link.expires_at,
        }),
        // The list has invitations only.
        LinkSubject::Account { .. } => None,
    }
}
