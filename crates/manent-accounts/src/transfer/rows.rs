//! Rows as JSON.

use std::collections::BTreeMap;
use std::net::IpAddr;

use manent_domain::transfer::RecordKind;
use manent_types::{ApiKeyId, RunId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::AccountRecord;
use crate::account::{Account, AccountProvider, AccountStatus, OpenIdIdentity};
use crate::api_key::{ApiKey, Scopes};
use crate::audit::{AuditEntry, AuditKind};
use crate::email::EmailAddress;
use crate::limits::{Amounts, BudgetPeriod, BudgetStanding, Reservation};
use crate::name::DisplayName;
use crate::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use crate::password::PasswordHash;
use crate::ports::StoredRole;
use crate::provider_key::{EndpointName, ProviderKey};
use crate::role::{Permissions, RoleName};
use crate::secret::SealedSecret;
use crate::two_factor::TwoFactor;
use crate::username::Username;

#[derive(Serialize, Deserialize)]
struct AccountRow {
    id: UserId,
    email: EmailAddress,
    email_verified: bool,
    username: Option<Username>,
    name: DisplayName,
    role: RoleName,
    status: AccountStatus,
    provider: AccountProvider,
    openid: Option<(String, String)>,
    password: Option<String>,
    two_factor: Option<String>,
    terms_accepted_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct RoleRow {
    name: RoleName,
    overrides: Permissions,
    updated_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct LinkRow {
    digest: String,
    purpose: LinkPurpose,
    subject: SubjectRow,
    created_at: Timestamp,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SubjectRow {
    Account(UserId, EmailAddress),
    Invited(Option<EmailAddress>, RoleName, Option<UserId>),
}

#[derive(Serialize, Deserialize)]
struct ApiKeyRow {
    id: ApiKeyId,
    owner: UserId,
    name: String,
    digest: String,
    scopes: Scopes,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct ProviderKeyRow {
    owner: UserId,
    endpoint: String,
    key_version: u32,
    sealed: Vec<u8>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct AuditRow {
    number: u64,
    at: Timestamp,
    kind: AuditKind,
    actor: Option<UserId>,
    account: Option<UserId>,
    address: Option<IpAddr>,
    detail: BTreeMap<String, String>,
    previous: String,
    hash: String,
}

/// Runs, tokens and cost.
type AmountsRow = (u64, u64, u64);

#[derive(Serialize, Deserialize)]
struct StandingRow {
    owner: UserId,
    starts_at: Timestamp,
    ends_at: Timestamp,
    used: AmountsRow,
    reserved: AmountsRow,
}

#[derive(Serialize, Deserialize)]
struct ReservationRow {
    owner: UserId,
    id: RunId,
    starts_at: Timestamp,
    ends_at: Timestamp,
    amounts: AmountsRow,
    created_at: Timestamp,
    settled_at: Option<Timestamp>,
}

const fn amounts_row(amounts: &Amounts) -> AmountsRow {
    (amounts.runs, amounts.tokens, amounts.cost)
}

const fn amounts((runs, tokens, cost): AmountsRow) -> Amounts {
    Amounts { runs, tokens, cost }
}

fn json(row: &impl Serialize) -> String {
    // Texts, numbers and times alone: this cannot fail.
    serde_json::to_string(row).unwrap_or_default()
}

pub(super) fn write(record: &AccountRecord) -> String {
    match record {
        AccountRecord::Account(account) => json(&AccountRow {
            id: account.id,
            email: account.email.clone(),
            email_verified: account.email_verified,
            username: account.username.clone(),
            name: account.name.clone(),
            role: account.role.clone(),
            status: account.status,
            provider: account.provider,
            openid: account
                .openid
                .clone()
                .map(|openid| (openid.issuer, openid.subject)),
            password: account
                .password
                .as_ref()
                .map(|hash| hash.expose().to_owned()),
            two_factor: account.two_factor.encode(),
            terms_accepted_at: account.terms_accepted_at,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }),
        AccountRecord::Role(role) => json(&RoleRow {
            name: role.name.clone(),
            overrides: role.overrides.clone(),
            updated_at: role.updated_at,
        }),
        AccountRecord::Link(link) => json(&LinkRow {
            digest: link.digest.to_hex(),
            purpose: link.purpose,
            subject: match link.subject.clone() {
                LinkSubject::Account { account, email } => SubjectRow::Account(account, email),
                LinkSubject::Invited { email, role, by } => SubjectRow::Invited(email, role, by),
            },
            created_at: link.created_at,
            expires_at: link.expires_at,
            used_at: link.used_at,
        }),
        AccountRecord::ApiKey(key) => json(&ApiKeyRow {
            id: key.id,
            owner: key.owner,
            name: key.name.clone(),
            digest: key.digest.to_hex(),
            scopes: key.scopes,
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
        }),
        AccountRecord::ProviderKey(key) => json(&ProviderKeyRow {
            owner: key.owner,
            endpoint: key.endpoint.as_str().to_owned(),
            key_version: key.sealed.key_version,
            sealed: key.sealed.blob.clone(),
            created_at: key.created_at,
            expires_at: key.expires_at,
        }),
        AccountRecord::Audit(entry) => json(&AuditRow {
            number: entry.number,
            at: entry.at,
            kind: entry.kind,
            actor: entry.actor,
            account: entry.account,
            address: entry.address,
            detail: entry.detail.clone(),
            previous: entry.previous.to_string(),
            hash: entry.hash.to_string(),
        }),
        AccountRecord::Standing {
            owner,
            period,
            standing,
        } => json(&StandingRow {
            owner: *owner,
            starts_at: period.starts_at,
            ends_at: period.ends_at,
            used: amounts_row(&standing.used),
            reserved: amounts_row(&standing.reserved),
        }),
        AccountRecord::Reservation { owner, reservation } => json(&ReservationRow {
            owner: *owner,
            id: reservation.id,
            starts_at: reservation.period.starts_at,
            ends_at: reservation.period.ends_at,
            amounts: amounts_row(&reservation.amounts),
            created_at: reservation.created_at,
            settled_at: reservation.settled_at,
        }),
    }
}

type Read<T> = Result<T, &'static str>;

/// The error of the parser may quote what is stored, and is not told.
fn parse<'text, T: Deserialize<'text>>(text: &'text str) -> Read<T> {
    serde_json::from_str(text).map_err(|_| "it is not the JSON of one")
}

fn digest<T: std::str::FromStr>(text: &str) -> Read<T> {
    text.parse().map_err(|_| "a digest in it is none")
}

pub(super) fn read(kind: RecordKind, text: &str) -> Read<AccountRecord> {
    Ok(match kind {
        RecordKind::Account => AccountRecord::Account(Box::new(read_account(parse(text)?)?)),
        RecordKind::Role => {
            let row: RoleRow = parse(text)?;
            AccountRecord::Role(StoredRole {
                name: row.name,
                overrides: row.overrides,
                updated_at: row.updated_at,
            })
        }
        RecordKind::OneTimeLink => AccountRecord::Link(read_link(parse(text)?)?),
        RecordKind::ApiKey => AccountRecord::ApiKey(read_api_key(parse(text)?)?),
        RecordKind::ProviderKey => AccountRecord::ProviderKey(read_provider_key(parse(text)?)?),
        RecordKind::Audit => AccountRecord::Audit(read_audit(parse(text)?)?),
        RecordKind::Budget => {
            let row: StandingRow = parse(text)?;
            AccountRecord::Standing {
                owner: row.owner,
                period: BudgetPeriod {
                    starts_at: row.starts_at,
                    ends_at: row.ends_at,
                },
                standing: BudgetStanding {
                    used: amounts(row.used),
                    reserved: amounts(row.reserved),
                },
            }
        }
        RecordKind::Reservation => read_reservation(&parse(text)?),
        _ => return Err("no row of accounts is of this kind"),
    })
}

fn read_account(row: AccountRow) -> Read<Account> {
    let two_factor = TwoFactor::decode(row.two_factor.as_deref());
    Ok(Account {
        id: row.id,
        email: row.email,
        email_verified: row.email_verified,
        username: row.username,
        name: row.name,
        role: row.role,
        status: row.status,
        provider: row.provider,
        openid: row
            .openid
            .map(|(issuer, subject)| OpenIdIdentity { issuer, subject }),
        password: row.password.map(PasswordHash::new),
        two_factor: two_factor.map_err(|_| "the second factor in it is none")?,
        terms_accepted_at: row.terms_accepted_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn read_link(row: LinkRow) -> Read<OneTimeLink> {
    Ok(OneTimeLink {
        digest: digest(&row.digest)?,
        purpose: row.purpose,
        subject: match row.subject {
            SubjectRow::Account(account, email) => LinkSubject::Account { account, email },
            SubjectRow::Invited(email, role, by) => LinkSubject::Invited { email, role, by },
        },
        created_at: row.created_at,
        expires_at: row.expires_at,
        used_at: row.used_at,
    })
}

fn read_api_key(row: ApiKeyRow) -> Read<ApiKey> {
    Ok(ApiKey {
        id: row.id,
        owner: row.owner,
        name: row.name,
        digest: digest(&row.digest)?,
        scopes: row.scopes,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    })
}

fn read_provider_key(row: ProviderKeyRow) -> Read<ProviderKey> {
    Ok(ProviderKey {
        owner: row.owner,
        endpoint: EndpointName::parse(&row.endpoint).map_err(|_| "the endpoint in it is none")?,
        sealed: SealedSecret {
            key_version: row.key_version,
            blob: row.sealed,
        },
        created_at: row.created_at,
        expires_at: row.expires_at,
    })
}

fn read_audit(row: AuditRow) -> Read<AuditEntry> {
    Ok(AuditEntry {
        number: row.number,
        at: row.at,
        kind: row.kind,
        actor: row.actor,
        account: row.account,
        address: row.address,
        detail: row.detail,
        previous: digest(&row.previous)?,
        hash: digest(&row.hash)?,
    })
}

fn read_reservation(row: &ReservationRow) -> AccountRecord {
    AccountRecord::Reservation {
        owner: row.owner,
        reservation: Reservation {
            id: row.id,
            period: BudgetPeriod {
                starts_at: row.starts_at,
                ends_at: row.ends_at,
            },
            amounts: amounts(row.amounts),
            created_at: row.created_at,
            settled_at: row.settled_at,
        },
    }
}
