//! Who asks, and what they may.

use std::net::IpAddr;

use manent_types::{ApiKeyId, SessionId, UserId};

use crate::AccountError;
use crate::account::Account;
use crate::api_key::{ApiKey, Scope, Scopes};
use crate::audit::{AuditDraft, AuditKind};
use crate::role::{Permission, PermissionGroup, Role, RoleName};
use crate::session::Session;

/// Where a request came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address; behind a proxy the one that the proxy names, if the proxy is a configured one.
    pub address: Option<IpAddr>,
    /// What the client says it is (`User-Agent`).
    pub label: Option<String>,
}

/// By what the caller is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerProof {
    /// The server runs in mode `local`: whoever reaches it is its one owner.
    Local,
    /// A session.
    Session(SessionId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// A token of the OpenID provider, sent along with the request.
    ProviderToken,
    /// A command on the server's machine.
    CommandLine,
}

/// Who asks, and what they may: the owner in every statement that is made for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account; absent for commands on the server's machine, which act in nobody's name.
    account: Option<UserId>,
    role: RoleName,
    scopes: Scopes,
    proof: CallerProof,
    address: Option<IpAddr>,
}

impl Caller {
    /// The one owner of mode `local`: may everything.
    pub fn local(owner: UserId, address: Option<IpAddr>) -> Self {
        Self {
            account: Some(owner),
            role: RoleName::admin(),
            scopes: Scopes::all(),
            proof: CallerProof::Local,
            address,
        }
    }

    /// A command on the server's machine: may administer, owns nothing.
    pub fn command_line() -> Self {
        Self {
            account: None,
            role: RoleName::admin(),
            scopes: Scopes::all(),
            proof: CallerProof::CommandLine,
            address: None,
        }
    }

    /// Whoever presented the access token of this session of this account. Both must be current: the session service looks.
    pub fn of_session(account: &Account, session: &Session, address: Option<IpAddr>) -> Self {
        Self {
            account: Some(account.id),
            role: account.role.clone(),
            scopes: scopes_of(&account.role),
            proof: CallerProof::Session(session.id),
            address,
        }
    }

    /// Whoever presented a genuine access token while the store cannot say more: a user, whatever the account's role.
    pub fn of_claims(account: UserId, session: SessionId, address: Option<IpAddr>) -> Self {
        Self {
            account: Some(account),
            role: RoleName::user(),
            scopes: Scopes::of_user(),
            proof: CallerProof::Session(session),
            address,
        }
    }

    /// Whoever presented this live key of this active account: what both may.
    pub fn of_api_key(account: &Account, key: &ApiKey, address: Option<IpAddr>) -> Self {
        Self {
            account: Some(account.id),
            role: account.role.clone(),
            scopes: key.scopes.and(scopes_of(&account.role)),
            proof: CallerProof::ApiKey(key.id),
            address,
        }
    }

    /// Whoever presented a genuine token of the OpenID provider for this active account.
    pub fn of_provider_token(account: &Account, address: Option<IpAddr>) -> Self {
        Self {
            account: Some(account.id),
            role: account.role.clone(),
            scopes: scopes_of(&account.role),
            proof: CallerProof::ProviderToken,
            address,
        }
    }

    /// The owner of what the caller may see.
    ///
    /// # Errors
    /// For commands, which own nothing.
    pub fn owner(&self) -> Result<UserId, AccountError> {
        self.account.ok_or(AccountError::NotSignedIn)
    }

    /// The account, where there is one.
    pub const fn account(&self) -> Option<UserId> {
        self.account
    }

    /// The account's role.
    pub const fn role(&self) -> &RoleName {
        &self.role
    }

    /// What the caller may do.
    pub const fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// By what the caller is known.
    pub const fn proof(&self) -> CallerProof {
        self.proof
    }

    /// The same caller with a request from elsewhere.
    #[must_use]
    pub fn at(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// From where the request came.
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The session, where there is one.
    pub const fn session(&self) -> Option<SessionId> {
        match self.proof {
            CallerProof::Session(session) => Some(session),
            _ => None,
        }
    }

    /// Whether the caller may do this.
    ///
    /// # Errors
    /// When the scope is missing.
    pub const fn require(&self, scope: Scope) -> Result<(), AccountError> {
        if self.scopes.contains(scope) {
            Ok(())
        } else {
            Err(AccountError::ScopeMissing(scope))
        }
    }

    /// Whether the caller may administer the server: an administrator, and by a proof that has the scope.
    ///
    /// # Errors
    /// When the caller may not.
    pub fn require_admin(&self) -> Result<(), AccountError> {
        if self.role.is_admin() {
            self.require(Scope::Admin)
        } else {
            Err(AccountError::Forbidden)
        }
    }

    /// Whether the caller is an administrator and no program with a key: who can make a link that sets anybody's password, or take a second
    /// factor away, can become anybody, and a key is more easily lost than a session.
    ///
    /// # Errors
    /// When the caller may not administer, or is known by a key.
    pub fn require_admin_in_person(&self) -> Result<(), AccountError> {
        self.require_admin()?;
        match self.proof {
            CallerProof::ApiKey(_) => Err(AccountError::Forbidden),
            _ => Ok(()),
        }
    }

    /// Whether the caller is a person who signed in here, and not a program with a key: only persons change what lets people in. Answers the
    /// account and the session.
    ///
    /// # Errors
    /// When the caller is known by something else.
    pub fn require_session(&self) -> Result<(UserId, SessionId), AccountError> {
        match (self.account, self.proof) {
            (Some(account), CallerProof::Session(session)) => Ok((account, session)),
            _ => Err(AccountError::Forbidden),
        }
    }

    /// Whether the caller's role, with what was changed about it, has a permission.
    ///
    /// # Errors
    /// When it has not.
    pub fn require_permission(
        &self,
        role: &Role,
        group: PermissionGroup,
        permission: Permission,
    ) -> Result<(), AccountError> {
        if role.name == self.role && role.may(group, permission) {
            Ok(())
        } else {
            Err(AccountError::Forbidden)
        }
    }

    /// An entry of the audit log about something that the caller does.
    pub(crate) fn audit(&self, kind: AuditKind) -> AuditDraft {
        let draft = AuditDraft::new(kind).by(self.account, self.address);
        match self.proof {
            CallerProof::Session(session) => draft.with("session", session),
            CallerProof::ApiKey(key) => draft.with("key", key),
            CallerProof::CommandLine => draft.with("by", "command line"),
            CallerProof::Local => draft.with("by", "local owner"),
            CallerProof::ProviderToken => draft.with("by", "token of the provider"),
        }
    }
}

fn scopes_of(role: &RoleName) -> Scopes {
    if role.is_admin() {
        Scopes::all()
    } else {
        Scopes::of_user()
    }
}

#[cfg(test)]
mod tests {
    use manent_types::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::role::Permissions;
    use crate::secret::SecretDigest;
    use crate::testing::account;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn with_key(role: RoleName, scopes: Scopes) -> Caller {
        let account = Account {
            role,
            ..account("ada@example.org")
        };
        let key = ApiKey {
            id: ApiKeyId::new(Uuid::from_u128(5)),
            owner: account.id,
            name: "key".to_owned(),
            digest: SecretDigest::of(b"secret"),
            scopes,
            created_at: at(0),
            last_used_at: None,
            expires_at: None,
            revoked_at: None,
        };
        Caller::of_api_key(&account, &key, None)
    }

    #[test]
    fn a_key_may_what_both_its_scopes_and_its_owner_may() {
        let read = Scopes::from_iter([Scope::Read]);
        let caller = with_key(RoleName::admin(), read);
        assert_eq!(caller.require(Scope::Read), Ok(()));
        let missing = |scope| Err(AccountError::ScopeMissing(scope));
        assert_eq!(caller.require(Scope::Write), missing(Scope::Write));
        assert_eq!(caller.require_admin(), missing(Scope::Admin));
        let caller = with_key(RoleName::user(), Scopes::all());
        assert_eq!(caller.require(Scope::Admin), missing(Scope::Admin));
        assert_eq!(caller.require_admin(), Err(AccountError::Forbidden));
        let caller = with_key(RoleName::admin(), Scopes::all());
        assert_eq!(caller.require_admin(), Ok(()));
        assert_eq!(
            caller.require_admin_in_person(),
            Err(AccountError::Forbidden)
        );
        assert_eq!(Caller::command_line().require_admin_in_person(), Ok(()));
    }

    #[test]
    fn only_a_session_counts_as_a_person() {
        let account = account("ada@example.org");
        let id = SessionId::new(Uuid::from_u128(6));
        let session = Session::new(id, account.id, None, at(0), at(9));
        let caller = Caller::of_session(&account, &session, None);
        assert_eq!(caller.require_session(), Ok((account.id, id)));
        for caller in [
            with_key(RoleName::admin(), Scopes::all()),
            Caller::local(account.id, None),
            Caller::of_provider_token(&account, None),
            Caller::command_line(),
        ] {
            assert_eq!(caller.require_session(), Err(AccountError::Forbidden));
        }
    }

    #[test]
    fn without_the_store_nobody_is_an_administrator() {
        let account = account("ada@example.org");
        let caller = Caller::of_claims(account.id, SessionId::new(Uuid::from_u128(6)), None);
        assert_eq!(caller.require(Scope::Generate), Ok(()));
        assert_eq!(caller.require_admin(), Err(AccountError::Forbidden));
    }

    #[test]
    fn permissions_are_those_of_the_callers_own_role() {
        let caller = with_key(RoleName::user(), Scopes::of_user());
        let may = |role: RoleName, group| {
            let role = Role::new(role, &Permissions::default());
            caller.require_permission(&role, group, Permission::Use)
        };
        assert_eq!(may(RoleName::user(), PermissionGroup::Prompts), Ok(()));
        let forbidden = Err(AccountError::Forbidden);
        assert_eq!(
            may(RoleName::user(), PermissionGroup::Marketplace),
            forbidden
        );
        assert_eq!(may(RoleName::admin(), PermissionGroup::Prompts), forbidden);
    }
}
