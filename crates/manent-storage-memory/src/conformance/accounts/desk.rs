//! Where accounts are made and changed, and short ways to say what a test does.

use std::net::{IpAddr, Ipv4Addr};

use manent_accounts::account::{Account, AccountProvider, NewAccount, NewVerification};
use manent_accounts::account_change::{AccountChange, AccountRefusal, CreationRefusal};
use manent_accounts::audit::{AuditDraft, AuditEntry, AuditKind, AuditVerifier};
use manent_accounts::email::EmailAddress;
use manent_accounts::name::DisplayName;
use manent_accounts::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use manent_accounts::password::PasswordHash;
use manent_accounts::ports::{
    AccountRepository, AuditRepository, Changed, Deleted, OneTimeLinkRepository, SessionRepository,
};
use manent_accounts::role::RoleName;
use manent_accounts::secret::{SealedSecret, SecretDigest};
use manent_accounts::session::Session;
use manent_types::{SessionId, Timestamp, UserId};
use uuid::Uuid;

use super::AccountStore;
use crate::conformance::person::at;

/// An account's id: that of [`crate::conformance::person::Person`] with the number.
pub fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(0x50 << 120 | number))
}

/// A session's id.
pub fn session_id(number: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(0x5e << 120 | number))
}

/// `p<number>@example.org`.
pub fn email(number: u128) -> EmailAddress {
    address(&format!("p{number}@example.org"))
}

/// An e-mail address.
pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// The hash of a password.
pub fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(format!("$argon2id${text}"))
}

/// The digest of a secret.
pub fn digest(secret: &str) -> SecretDigest {
    SecretDigest::of(secret.as_bytes())
}

/// A secret as the vault would seal it with a key.
pub fn sealed(key_version: u32, secret: &str) -> SealedSecret {
    SealedSecret {
        key_version,
        blob: [&[0, 255], secret.as_bytes()].concat(),
    }
}

/// An account to be made, with a password and neither names nor links.
pub fn new_account(number: u128) -> NewAccount {
    NewAccount {
        id: user(number),
        id_if_first: None,
        email: email(number),
        email_verified: false,
        username: None,
        name: DisplayName::parse(&format!("Person {number}")).unwrap(),
        role: RoleName::user(),
        provider: AccountProvider::Local,
        openid: None,
        password: Some(hash("old")),
        verification: None,
    }
}

/// A link that verifies an address, made with its account.
pub fn verification(secret: &str, seconds: i64) -> NewVerification {
    NewVerification {
        digest: digest(secret),
        expires_at: at(seconds),
    }
}

/// A link for an account that expires after a thousand seconds.
pub fn link_for(
    purpose: LinkPurpose,
    secret: &str,
    account: &Account,
    seconds: i64,
) -> OneTimeLink {
    OneTimeLink {
        digest: digest(secret),
        purpose,
        subject: LinkSubject::Account {
            account: account.id,
            email: account.email.clone(),
        },
        created_at: at(seconds),
        expires_at: at(seconds + 1_000),
        used_at: None,
    }
}

/// An invitation that expires after a thousand seconds.
pub fn invitation(secret: &str, email: Option<EmailAddress>, seconds: i64) -> OneTimeLink {
    OneTimeLink {
        digest: digest(secret),
        purpose: LinkPurpose::Invitation,
        subject: LinkSubject::Invited {
            email,
            role: RoleName::parse("guest").unwrap(),
            by: Some(user(1)),
        },
        created_at: at(seconds),
        expires_at: at(seconds + 1_000),
        used_at: None,
    }
}

/// A session that expires after a thousand seconds.
pub fn new_session(number: u128, owner: UserId, seconds: i64) -> Session {
    Session::new(
        session_id(number),
        owner,
        Some("A browser"),
        at(seconds),
        at(seconds + 1_000),
    )
}

/// An entry for the audit log.
pub fn draft(kind: AuditKind) -> AuditDraft {
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
    AuditDraft::new(kind)
        .by(Some(user(1)), Some(address))
        .with("reason", "a \"test\" of Zoë's")
}

/// Where accounts are made and changed.
#[derive(Clone, Copy)]
pub struct Desk<'store> {
    /// The store.
    pub store: &'store dyn AccountStore,
}

impl<'store> Desk<'store> {
    /// A desk.
    pub const fn new(store: &'store dyn AccountStore) -> Self {
        Self { store }
    }

    /// A desk with accounts 1 to `count`; the first is the administrator.
    pub async fn with_accounts(store: &'store dyn AccountStore, count: u128) -> Self {
        let desk = Self::new(store);
        for number in 1..=count {
            desk.make(number).await;
        }
        desk
    }

    /// Makes an account at the beginning.
    pub async fn make(&self, number: u128) -> Account {
        self.create(new_account(number), None, at(0)).await.unwrap()
    }

    /// Makes an account, perhaps with an invitation.
    pub async fn create(
        &self,
        new: NewAccount,
        invitation: Option<SecretDigest>,
        now: Timestamp,
    ) -> Result<Account, CreationRefusal> {
        let made = AuditDraft::new(AuditKind::AccountCreated);
        let refused = AuditDraft::new(AuditKind::SignUpRefused);
        AccountRepository::create(self.store, new, invitation, now, made, refused)
            .await
            .unwrap()
    }

    /// An account.
    pub async fn find(&self, number: u128) -> Option<Account> {
        AccountRepository::find(self.store, user(number))
            .await
            .unwrap()
    }

    /// An account that must be there.
    pub async fn account(&self, number: u128) -> Account {
        self.find(number).await.unwrap()
    }

    /// Changes an account, which must be there.
    pub async fn change(
        &self,
        number: u128,
        change: AccountChange,
        seconds: i64,
    ) -> Result<Changed, AccountRefusal> {
        self.change_by(number, change, None, seconds).await
    }

    /// Changes an account, which must be there, perhaps with a link.
    pub async fn change_by(
        &self,
        number: u128,
        change: AccountChange,
        link: Option<&str>,
        seconds: i64,
    ) -> Result<Changed, AccountRefusal> {
        let audit = draft(AuditKind::ProfileChanged).on(user(number));
        let (id, link) = (user(number), link.map(digest));
        let changed = AccountRepository::change(self.store, id, change, link, at(seconds), audit);
        changed.await.unwrap().unwrap()
    }

    /// Deletes an account.
    pub async fn delete(&self, number: u128, seconds: i64) -> Deleted {
        let audit = draft(AuditKind::AccountDeleted).on(user(number));
        AccountRepository::delete(self.store, user(number), at(seconds), audit)
            .await
            .unwrap()
    }

    /// Stores a link.
    pub async fn link(&self, link: OneTimeLink) -> bool {
        let audit = draft(AuditKind::PasswordResetRequested);
        OneTimeLinkRepository::create(self.store, link, audit)
            .await
            .unwrap()
    }

    /// A link.
    pub async fn find_link(&self, secret: &str) -> Option<OneTimeLink> {
        OneTimeLinkRepository::find(self.store, digest(secret))
            .await
            .unwrap()
    }

    /// Begins a session of an account; tells whether it was stored.
    pub async fn begin(&self, session: Session) -> bool {
        let audit = draft(AuditKind::SignedIn);
        SessionRepository::begin(self.store, session, audit)
            .await
            .unwrap()
    }

    /// A session of an account, which must be there.
    pub async fn session(&self, owner: u128, number: u128) -> Session {
        let found = SessionRepository::find(self.store, user(owner), session_id(number)).await;
        found.unwrap().unwrap().0
    }

    /// The numbers of an account's live sessions.
    pub async fn live_sessions(&self, owner: u128, seconds: i64) -> Vec<SessionId> {
        let live = SessionRepository::list(self.store, user(owner), at(seconds)).await;
        live.unwrap().iter().map(|session| session.id).collect()
    }

    /// The whole audit log, read in pieces and verified to its head.
    pub async fn audit(&self) -> Vec<AuditEntry> {
        let mut entries: Vec<AuditEntry> = Vec::new();
        let mut verifier = AuditVerifier::default();
        loop {
            let after = entries.last().map_or(0, |last| last.number);
            let piece = AuditRepository::read(self.store, after, 7).await.unwrap();
            assert!(piece.len() <= 7, "a piece has at most its limit");
            if piece.is_empty() {
                break;
            }
            for row in piece {
                verifier.take_row(&row).unwrap();
                entries.push(row.unwrap());
            }
        }
        let head = AuditRepository::head(self.store).await.unwrap();
        verifier.finish(head.unwrap()).unwrap();
        entries
    }

    /// What the audit log tells after its first `skipped` entries.
    pub async fn told(&self, skipped: usize) -> Vec<AuditKind> {
        let entries = self.audit().await;
        let kinds = entries.iter().skip(skipped);
        kinds.map(|entry| entry.kind).collect()
    }
}
