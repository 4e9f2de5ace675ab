//! `manent audit …`.

use manent_accounts::audit::{AuditEntry, AuditKind};
use manent_accounts::ports::AuditFilter;
use manent_accounts::services::AuditVerdict;
use manent_types::UserId;
use serde_json::{Value, json};

use super::desk::{Desk, Missing, failure};
use super::table::table;
use super::wait_for;
use crate::arguments::{AuditCommand, ListAudit, ListOptions};
use crate::console;
use crate::exit::Failure;

/// Entries that are asked for at once.
const PAGE: usize = 200;

/// Runs a command.
pub(crate) fn run(command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::Verify(options) => wait_for(verify(options)),
        AuditCommand::List(options) => wait_for(list(options)),
    }
}

async fn verify(options: ListOptions) -> Result<(), Failure> {
    let verdict = Desk::with(&options.settings, Missing::Refuse, async |desk| {
        let verdict = desk.audit().verify(&Desk::caller()).await;
        verdict.map_err(|error| failure(&error))
    });
    match verdict.await? {
        AuditVerdict::Whole(head) => {
            if options.json {
                let shown =
                    json!({"whole": true, "entries": head.number, "hash": head.hash.to_string()});
                console::print(&format!("{shown:#}\n"));
            } else {
                console::print(&format!(
                    "The audit log is whole: {} entries, the last with the hash {}.\n",
                    head.number, head.hash
                ));
            }
            Ok(())
        }
        AuditVerdict::Broken(found) => {
            if options.json {
                let shown = json!({"whole": false, "entry": found.number, "reason": found.cause.to_string()});
                console::print(&format!("{shown:#}\n"));
            } else {
                console::print(&format!("The audit log is broken: {found}.\n"));
            }
            Err(Failure::ProblemsReported)
        }
    }
}

async fn list(options: ListAudit) -> Result<(), Failure> {
    let kind = options.kind.as_deref().map(str::parse::<AuditKind>);
    let kind = kind.transpose().map_err(|_| {
        let kinds: Vec<&str> = AuditKind::ALL.iter().map(|kind| kind.as_str()).collect();
        Failure::Other(format!(
            "there is no such kind of entry; there are: {}",
            kinds.join(", ")
        ))
    })?;
    let found = Desk::with(&options.settings, Missing::Refuse, async |desk| {
        entries(desk, &options, kind).await
    })
    .await?;
    if options.json {
        let all: Vec<Value> = found.iter().map(as_json).collect();
        console::print(&format!("{:#}\n", json!({ "entries": all })));
        return Ok(());
    }
    let id = |id: Option<UserId>| id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|entry| {
            let detail = entry.detail.iter();
            let detail: Vec<String> = detail
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            vec![
                entry.number.to_string(),
                entry.at.to_string(),
                entry.kind.as_str().to_owned(),
                id(entry.account),
                id(entry.actor),
                entry
                    .address
                    .map_or_else(|| "-".to_owned(), |address| address.to_string()),
                detail.join(" "),
            ]
        })
        .collect();
    let headings = ["NUMBER", "AT", "WHAT", "ACCOUNT", "BY", "FROM", "MORE"];
    console::print(&table(&headings, &rows));
    Ok(())
}

async fn entries(
    desk: &Desk,
    options: &ListAudit,
    kind: Option<AuditKind>,
) -> Result<Vec<AuditEntry>, Failure> {
    let account = match &options.user {
        // Of an account that was deleted, too.
        Some(name) => match name.parse::<UserId>() {
            Ok(id) => Some(id),
            Err(_) => Some(desk.person(name).await?.id),
        },
        None => None,
    };
    let filter = AuditFilter { account, kind };
    let wanted = usize::try_from(options.limit).unwrap_or(usize::MAX);
    let log = desk.audit();
    let mut found: Vec<AuditEntry> = Vec::new();
    let mut before = options.before;
    while found.len() < wanted {
        let limit = PAGE.min(wanted - found.len());
        let page = log
            .list(&Desk::caller(), filter.clone(), before, limit)
            .await;
        let page = page.map_err(|error| failure(&error))?;
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        let is_last = page.len() < limit;
        found.extend(page);
        if is_last {
            break;
        }
    }
    Ok(found)
}

fn as_json(entry: &AuditEntry) -> Value {
    json!({
        "number": entry.number,
        "at": entry.at,
        "kind": entry.kind.as_str(),
        "account": entry.account,
        "actor": entry.actor,
        "address": entry.address,
        "detail": entry.detail,
        "previous": entry.previous.to_string(),
        "hash": entry.hash.to_string(),
    })
}
