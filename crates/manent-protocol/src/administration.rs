//! `/admin…`.

use std::collections::BTreeMap;

use manent_types::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// `GET /admin/accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminAccountList {
    /// By e-mail address.
    pub accounts: Vec<AdminAccountResource>,
    /// For the next page; `null` at the end.
    pub next: Option<String>,
}

/// An account as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminAccountResource {
    /// Which.
    pub id: UserId,
    /// The e-mail address.
    pub email: String,
    /// Whether the person showed that the address is theirs.
    pub email_verified: bool,
    /// The name that is shown.
    pub name: String,
    /// A short name.
    pub username: Option<String>,
    /// `USER`, `ADMIN`, or a role of the server's own.
    pub role: String,
    /// Whether an administrator keeps the person out.
    pub disabled: bool,
    /// `local`, or `openid` for who came through an OpenID provider.
    pub provider: String,
    /// Whether a second factor is asked for at sign-in.
    pub two_factor: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something about it last changed.
    pub updated_at: Timestamp,
}

/// `PUT /admin/accounts/{id}/role`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeRoleRequest {
    /// A role that there is.
    pub role: String,
}

/// The answer to `POST /admin/accounts/{id}/reset-link`: to be handed to the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResetLink {
    /// Works once.
    pub link: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// The answer to `POST /admin/accounts/{id}/end-sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndedSessionCount {
    /// How many there were.
    pub ended: u64,
}

/// `POST /admin/invitations`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InviteRequest {
    /// The only address that may register with it, which gets a mail where mail is configured; absent: whoever has the link.
    #[serde(default)]
    pub email: Option<String>,
    /// The role of the new account; absent: `USER`.
    #[serde(default)]
    pub role: Option<String>,
}

/// The answer to `POST /admin/invitations`; the link is never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeInvitation {
    /// To be handed to the person.
    pub link: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it goes out by mail too.
    pub mailed: bool,
}

/// `GET /admin/invitations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationList {
    /// Unused ones, the newest first, at most 200.
    pub invitations: Vec<InvitationResource>,
}

/// An unused invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationResource {
    /// For `DELETE /admin/invitations/{id}`.
    pub id: String,
    /// The only address that may register with it.
    pub email: Option<String>,
    /// The role of the new account.
    pub role: String,
    /// Who invited; absent for the command line.
    pub by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// `GET /admin/audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// The newest first.
    pub entries: Vec<AuditEntryResource>,
    /// For `before` of the next page; `null` at the end.
    pub next: Option<u64>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntryResource {
    /// Counts from 1 without gaps.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What, such as `signed_in`.
    pub kind: String,
    /// To whom.
    pub account: Option<UserId>,
    /// By whom.
    pub actor: Option<UserId>,
    /// From which address.
    pub address: Option<String>,
    /// More, by name.
    pub detail: BTreeMap<String, String>,
    /// The hash of the entry before.
    pub previous: String,
    /// The hash of this one.
    pub hash: String,
}

/// `GET /admin/audit/verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditVerdictResource {
    /// Whether no entry was changed, removed or put in between.
    pub whole: bool,
    /// How many entries there are, if it is whole.
    pub entries: Option<u64>,
    /// The hash of the last one, if it is whole: whoever notes it elsewhere can tell later whether the log was made anew.
    pub hash: Option<String>,
    /// The first broken entry.
    pub broken: Option<AuditBreakResource>,
}

/// Where the log is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditBreakResource {
    /// The entry.
    pub entry: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// Permissions by what they are about: `{"PROMPTS":{"USE":true}}`.
pub type PermissionTable = BTreeMap<String, BTreeMap<String, bool>>;

/// `GET /admin/roles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleList {
    /// The built-in ones first.
    pub roles: Vec<RoleResource>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleResource {
    /// `USER`, `ADMIN`, or one of the server's own.
    pub name: String,
    /// Every permission there is, with whether the role has it.
    pub permissions: PermissionTable,
}

/// `PUT /admin/roles/{name}`; what is absent stays. A role that is not there yet is made by it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePermissionsRequest {
    /// What is to be given or taken.
    pub permissions: PermissionTable,
}
