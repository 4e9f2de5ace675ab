//! Everything that the services need, faked.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use manent_types::{ApiKeyId, SessionId, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::FakeStore;
use crate::account::Account;
use crate::audit::AuditKind;
use crate::caller::{Caller, Origin};
use crate::email::EmailAddress;
use crate::limits::{LimitDecision, LimitKey, LimitTable, Rate};
use crate::password::{Password, PasswordHash};
use crate::policy::AccountPolicy;
use crate::ports::{
    AccessClaims, Clock, DeviceMarks, HashError, IdSource, Limiter, Mail, Mailer, PasswordHasher,
    PasswordMatch, PresentedApiKey, RefreshClaims, SecretSource, StandingListener, TokenError,
    TokenMinter, TokenReader, TwoFactorClaims, Vault, VaultError, VaultUse,
};
use crate::secret::{NewSecret, SealedSecret, SecretDigest};
use crate::services::{
    AccountPorts, AccountService, ApiKeyService, AuditLog, BudgetService, HousekeepingService,
    InvitationService, OpenIdPolicy, OpenIdService, OpenedSession, ProviderKeyService, RoleService,
    SecretRotation, SessionService, SignInService, SignUpService, SignedIn, StandingService,
    TwoFactorService,
};
use crate::two_factor::TotpSecret;

/// The result of a future that never waits.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("fakes never wait")
}

/// Everything that the services need.
pub(crate) struct World {
    pub(crate) store: Arc<FakeStore>,
    pub(crate) policy: AccountPolicy,
    pub(crate) mails: Arc<FakeMailer>,
    pub(crate) vault: Arc<FakeVault>,
    pub(crate) told: Arc<Told>,
    clock: Arc<FakeClock>,
    ports: AccountPorts,
}

impl World {
    pub(crate) fn new() -> Self {
        let store = Arc::new(FakeStore::default());
        let mails = Arc::new(FakeMailer::default());
        let vault = Arc::new(FakeVault(AtomicU32::new(1)));
        let told = Arc::new(Told::default());
        let clock = Arc::new(FakeClock(AtomicI64::new(1_000_000_000)));
        let ports = AccountPorts {
            accounts: store.clone(),
            sessions: store.clone(),
            api_keys: store.clone(),
            links: store.clone(),
            roles: store.clone(),
            provider_keys: store.clone(),
            budgets: store.clone(),
            audit: store.clone(),
            hasher: Arc::new(FakeHasher(store.clone())),
            minter: Arc::new(FakeTokens),
            reader: Arc::new(FakeTokens),
            secrets: Arc::new(FakeSecrets::default()),
            vault: vault.clone(),
            mailer: mails.clone(),
            limiter: Arc::new(FakeLimiter(Mutex::new(LimitTable::new(1000)))),
            devices: Arc::new(FakeDevices),
            standings: told.clone(),
            clock: clock.clone(),
            ids: Arc::new(FakeIds::default()),
        };
        Self {
            store,
            policy: AccountPolicy::default(),
            mails,
            vault,
            told,
            clock,
            ports,
        }
    }

    /// A world with mail.
    pub(crate) fn with_mail() -> Self {
        let world = Self::new();
        world.mails.is_configured.store(true, Ordering::SeqCst);
        world
    }

    /// A world with an administrator, `root@example.org`, and with this account as well.
    pub(crate) fn with_account(account: Account) -> Self {
        let world = Self::new();
        let root = Account {
            id: UserId::new(Uuid::from_u128(1)),
            role: crate::role::RoleName::admin(),
            ..super::account("root@example.org")
        };
        let mut state = world.store.state();
        state.accounts.insert(root.id, root);
        state.accounts.insert(account.id, account);
        drop(state);
        world
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn wait(&self, time: Duration) {
        let time = i64::try_from(time.as_millis()).unwrap();
        self.clock.0.fetch_add(time, Ordering::SeqCst);
    }

    fn policy(&self) -> Arc<AccountPolicy> {
        Arc::new(self.policy.clone())
    }

    pub(crate) fn sign_up(&self) -> SignUpService {
        SignUpService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn sign_in(&self) -> SignInService {
        SignInService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn open_id(&self, policy: OpenIdPolicy) -> OpenIdService {
        OpenIdService::new(self.ports.clone(), self.policy(), policy)
    }

    pub(crate) fn sessions(&self) -> SessionService {
        SessionService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn accounts(&self) -> AccountService {
        AccountService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn two_factor(&self) -> TwoFactorService {
        TwoFactorService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn keys(&self) -> ApiKeyService {
        ApiKeyService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn provider_keys(&self) -> ProviderKeyService {
        ProviderKeyService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn rotation(&self) -> SecretRotation {
        SecretRotation::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn roles(&self) -> RoleService {
        RoleService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn invitations(&self) -> InvitationService {
        InvitationService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn budgets(&self) -> BudgetService {
        BudgetService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn housekeeping(&self) -> HousekeepingService {
        HousekeepingService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn standing(&self) -> StandingService {
        StandingService::new(self.ports.clone(), self.policy())
    }

    pub(crate) fn audit_log(&self) -> AuditLog {
        AuditLog::new(self.ports.clone(), self.policy())
    }

    /// Signs in with the password `correct horse`, from no address in particular.
    pub(crate) fn signed_in(&self, email: &str) -> OpenedSession {
        let password = "correct horse".into();
        let answer = run(self
            .sign_in()
            .sign_in(email, password, None, &Origin::default()));
        match answer.unwrap() {
            SignedIn::Session(opened) => *opened,
            SignedIn::SecondFactorNeeded { .. } => panic!("a second factor is needed"),
        }
    }

    /// The caller that a session's access token makes.
    pub(crate) fn caller(&self, opened: &OpenedSession) -> Caller {
        let sessions = self.sessions();
        let claims = sessions
            .read_access_token(opened.access_token.expose_secret())
            .unwrap();
        run(sessions.caller(&claims, None)).unwrap()
    }

    /// The kinds of the entries in the audit log, in order.
    pub(crate) fn audited(&self) -> Vec<AuditKind> {
        self.store
            .state()
            .audit
            .iter()
            .map(|entry| entry.kind)
            .collect()
    }

    /// What the ports were asked since the last call.
    pub(crate) fn trace(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.store.state().trace)
    }

    /// The mails that were sent since the last call.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        std::mem::take(&mut self.mails.sent.lock().unwrap())
    }
}

pub(crate) struct FakeClock(AtomicI64);

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

#[derive(Default)]
struct FakeIds(AtomicU64);

impl IdSource for FakeIds {
    fn next(&self) -> Uuid {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        Uuid::from_u128(u128::from(number) + 0x001d_0000)
    }
}

/// Hashes are the passwords with the strength before them.
struct FakeHasher(Arc<FakeStore>);

#[async_trait]
impl PasswordHasher for FakeHasher {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        self.0.state().trace.push("hash");
        Ok(PasswordHash::new(format!("strong:{}", password.expose())))
    }

    async fn verify(
        &self,
        password: &Password,
        hash: &PasswordHash,
    ) -> Result<PasswordMatch, HashError> {
        self.0.state().trace.push("verify");
        let (strength, known) = hash.expose().split_once(':').unwrap();
        Ok(if known == password.expose() {
            PasswordMatch::Match {
                needs_upgrade: strength == "weak",
            }
        } else {
            PasswordMatch::NoMatch
        })
    }

    async fn verify_dummy(&self, _: &Password) -> Result<(), HashError> {
        // As dear as a real one.
        self.0.state().trace.push("verify");
        Ok(())
    }
}

/// Tokens are their claims with a word before them.
struct FakeTokens;

/// Marks that anybody could make.
struct FakeDevices;

impl DeviceMarks for FakeDevices {
    fn mark(&self, device: Uuid, email: &EmailAddress) -> SecretString {
        format!("device {device} {email}").into()
    }

    fn read(&self, text: &str, email: &EmailAddress) -> Option<Uuid> {
        let rest = text.strip_prefix("device ")?;
        let device = rest.strip_suffix(email.as_str())?;
        device.trim_end().parse().ok()
    }
}

impl TokenMinter for FakeTokens {
    fn refresh_token(&self, claims: RefreshClaims) -> Result<SecretString, TokenError> {
        Ok(format!("refresh {} {}", claims.session, claims.generation).into())
    }

    fn access_token(&self, claims: &AccessClaims) -> Result<SecretString, TokenError> {
        let (account, session) = (claims.account, claims.session);
        let expires_at = claims.expires_at.as_millisecond();
        Ok(format!("access {account} {session} {expires_at} {}", claims.email).into())
    }

    fn two_factor_token(&self, claims: TwoFactorClaims) -> Result<SecretString, TokenError> {
        let expires_at = claims.expires_at.as_millisecond();
        let updated_at = claims.account_updated_at.as_millisecond();
        let (account, id) = (claims.account, claims.id);
        Ok(format!("two-factor {account} {id} {updated_at} {expires_at}").into())
    }
}

fn expiry(text: &str, now: Timestamp) -> Result<Timestamp, TokenError> {
    let expires_at = text.parse().map_err(|_| TokenError::Invalid)?;
    let expires_at = Timestamp::from_millisecond(expires_at).map_err(|_| TokenError::Invalid)?;
    if now < expires_at {
        Ok(expires_at)
    } else {
        Err(TokenError::Expired)
    }
}

impl TokenReader for FakeTokens {
    fn read_refresh_token(&self, text: &str) -> Result<RefreshClaims, TokenError> {
        let parts: Vec<_> = text.split(' ').collect();
        let ["refresh", session, generation] = parts.as_slice() else {
            return Err(TokenError::Invalid);
        };
        Ok(RefreshClaims {
            session: session
                .parse::<SessionId>()
                .map_err(|_| TokenError::Invalid)?,
            generation: generation.parse().map_err(|_| TokenError::Invalid)?,
        })
    }

    fn read_access_token(&self, text: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let parts: Vec<_> = text.split(' ').collect();
        let ["access", account, session, expires_at, email] = parts.as_slice() else {
            return Err(TokenError::Invalid);
        };
        Ok(AccessClaims {
            account: account.parse().map_err(|_| TokenError::Invalid)?,
            session: session.parse().map_err(|_| TokenError::Invalid)?,
            username: String::new(),
            provider: crate::account::AccountProvider::Local,
            email: email.parse().map_err(|_| TokenError::Invalid)?,
            issued_at: now,
            expires_at: expiry(expires_at, now)?,
        })
    }

    fn read_two_factor_token(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<TwoFactorClaims, TokenError> {
        let parts: Vec<_> = text.split(' ').collect();
        let ["two-factor", account, id, updated_at, expires_at] = parts.as_slice() else {
            return Err(TokenError::Invalid);
        };
        Ok(TwoFactorClaims {
            account: account.parse().map_err(|_| TokenError::Invalid)?,
            id: id.parse().map_err(|_| TokenError::Invalid)?,
            account_updated_at: updated_at
                .parse()
                .ok()
                .and_then(|updated_at| Timestamp::from_millisecond(updated_at).ok())
                .ok_or(TokenError::Invalid)?,
            expires_at: expiry(expires_at, now)?,
        })
    }
}

/// Secrets are numbered.
#[derive(Default)]
struct FakeSecrets(AtomicU64);

impl FakeSecrets {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    fn secret(text: String) -> NewSecret {
        NewSecret {
            digest: SecretDigest::of(text.as_bytes()),
            secret: text.into(),
        }
    }
}

impl SecretSource for FakeSecrets {
    fn one_time_secret(&self) -> NewSecret {
        Self::secret(format!("link-{}", self.next()))
    }

    fn api_key(&self, id: ApiKeyId) -> NewSecret {
        let secret = format!("key-{}", self.next());
        NewSecret {
            digest: SecretDigest::of(secret.as_bytes()),
            secret: format!("mnt_{id}_{secret}").into(),
        }
    }

    fn read_api_key(&self, text: &str) -> Option<PresentedApiKey> {
        let (id, secret) = text.strip_prefix("mnt_")?.split_once('_')?;
        Some(PresentedApiKey {
            id: id.parse().ok()?,
            digest: SecretDigest::of(secret.as_bytes()),
        })
    }

    fn totp_secret(&self) -> TotpSecret {
        let number = self.next();
        TotpSecret::from_bytes(format!("{number:020}").as_bytes()).unwrap()
    }

    fn backup_codes(&self, count: usize) -> Vec<NewSecret> {
        let code = |_| Self::secret(format!("{:08x}", self.next()));
        (0..count).map(code).collect()
    }
}

/// "Encrypts" by writing what for before the secret; the number is the version of the newest key.
pub(crate) struct FakeVault(pub(crate) AtomicU32);

impl Vault for FakeVault {
    fn key_version(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }

    fn seal(&self, purpose: &VaultUse, secret: &SecretString) -> Result<SealedSecret, VaultError> {
        Ok(SealedSecret {
            key_version: self.key_version(),
            blob: format!("{purpose:?}|{}", secret.expose_secret()).into_bytes(),
        })
    }

    fn open(&self, purpose: &VaultUse, sealed: &SealedSecret) -> Result<SecretString, VaultError> {
        let text = std::str::from_utf8(&sealed.blob).unwrap();
        let secret = text.strip_prefix(&format!("{purpose:?}|"));
        secret.map(SecretString::from).ok_or(VaultError::Refused)
    }
}

#[derive(Default)]
pub(crate) struct FakeMailer {
    pub(crate) is_configured: AtomicBool,
    sent: Mutex<Vec<Mail>>,
}

impl Mailer for FakeMailer {
    fn is_configured(&self) -> bool {
        self.is_configured.load(Ordering::SeqCst)
    }

    fn send(&self, mail: Mail) {
        self.sent.lock().unwrap().push(mail);
    }
}

struct FakeLimiter(Mutex<LimitTable>);

impl Limiter for FakeLimiter {
    fn take(&self, key: LimitKey, rate: Rate, now: Timestamp) -> LimitDecision {
        self.0.lock().unwrap().take(key, rate, now)
    }

    fn put_back(&self, key: &LimitKey, rate: Rate) {
        self.0.lock().unwrap().put_back(key, rate);
    }
}

/// The accounts whose standing was told to have changed.
#[derive(Default)]
pub(crate) struct Told(pub(crate) Mutex<Vec<UserId>>);

impl StandingListener for Told {
    fn changed(&self, account: UserId) {
        self.0.lock().unwrap().push(account);
    }
}
