//! `/admin/audit…`.

use axum::Json as JsonAnswer;
use axum::extract::State;
use manent_accounts::audit::{AuditEntry, AuditKind};
use manent_accounts::ports::AuditFilter;
use manent_accounts::services::AuditVerdict;
use manent_protocol::{
    AuditBreakResource, AuditEntryResource, AuditPage, AuditVerdictResource, Problem,
};
use manent_types::UserId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Administrator;
use crate::app::App;
use crate::native::conversations::limit;
use crate::native::error::ApiError;
use crate::native::parameters::Query;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::native) struct AuditQuery {
    /// 1 to 200; default 50.
    limit: Option<usize>,
    /// Only entries with numbers below this one: `next` of the page before.
    before: Option<u64>,
    /// Only what this account did, or what was done to it.
    account: Option<UserId>,
    /// Only entries of this kind, such as `signed_in`.
    kind: Option<String>,
}

/// Lists what happened, the newest first.
#[utoipa::path(get, path = "/admin/audit", tag = "administration", params(AuditQuery),
    responses((status = 200, body = AuditPage), (status = "default", body = Problem)))]
pub(in crate::native) async fn list(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Query(query): Query<AuditQuery>,
) -> Result<JsonAnswer<AuditPage>, ApiError> {
    let kind = query.kind.as_deref().map(str::parse::<AuditKind>);
    let kind = kind.transpose().map_err(|_| {
        ApiError::invalid_query("there is no such kind of entry").with_field("kind")
    })?;
    let filter = AuditFilter {
        account: query.account,
        kind,
    };
    // Stores count in whole numbers with a sign.
    let before = query.before.filter(|before| i64::try_from(*before).is_ok());
    let limit = limit(query.limit, 50, 200)?;
    let log = &app.accounts()?.audit;
    let entries = log.list(&caller, filter, before, limit).await?;
    let last = entries.last().map(|entry| entry.number);
    Ok(JsonAnswer(AuditPage {
        next: last.filter(|number| entries.len() == limit && *number > 1),
        entries: entries.into_iter().map(resource).collect(),
    }))
}

/// Reads the whole log and finds the first broken entry.
#[utoipa::path(get, path = "/admin/audit/verify", tag = "administration",
    responses((status = 200, body = AuditVerdictResource), (status = "default", body = Problem)))]
pub(in crate::native) async fn verify(
    State(app): State<App>,
    Administrator(caller): Administrator,
) -> Result<JsonAnswer<AuditVerdictResource>, ApiError> {
    let verdict = app.accounts()?.audit.verify(&caller).await?;
    Ok(JsonAnswer(match verdict {
        AuditVerdict::Whole(head) => AuditVerdictResource {
            whole: true,
            entries: Some(head.number),
            hash: Some(head.hash.to_string()),
            broken: None,
        },
        AuditVerdict::Broken(found) => AuditVerdictResource {
            whole: false,
            entries: None,
            hash: None,
            broken: Some(AuditBreakResource {
                entry: found.number,
                reason: found.cause.to_string(),
            }),
        },
    }))
}

fn resource(entry: AuditEntry) -> AuditEntryResource {
    AuditEntryResource {
        number: entry.number,
        at: entry.at,
        kind: entry.kind.as_str().to_owned(),
        account: entry.account,
        actor: entry.actor,
        address: entry.address.map(|address| address.to_string()),
        detail: entry.detail,
        previous: entry.previous.to_string(),
        hash: entry.hash.to_string(),
    }
}
