//! What whoever runs the server decides about accounts. Values, so that configuration can change them.

use std::time::Duration;

use manent_types::UserId;

use crate::limits::{BudgetLimits, Rate};
use crate::password::PasswordPolicy;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Who may sign up. An invitation lets in whatever this says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SignUpMode {
    /// Nobody.
    Off,
    /// Everybody.
    #[default]
    On,
    /// Those with an e-mail address of one of these domains.
    Domains(Vec<String>),
    /// Those with an invitation.
    Invitation,
}

/// How often things may be tried, by each node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptRates {
    /// Failed sign-ins from one address.
    pub sign_in_by_address: Rate,
    /// Failed sign-ins with one e-mail address, from wherever.
    pub sign_in_by_email: Rate,
    /// Failed sign-ins with one e-mail address on one device on which it signed in before; these count nowhere else.
    pub sign_in_by_device: Rate,
    /// Second factors of one account, right ones too.
    pub second_factor: Rate,
    /// Sign-ups from one address.
    pub sign_up: Rate,
    /// Requests for mails from one address, and for mails to one address.
    pub mail: Rate,
    /// Uses of links from one address.
    pub link: Rate,
    /// Failed checks of the own password by one account.
    pub password_check: Rate,
}

impl Default for AttemptRates {
    fn default() -> Self {
        Self {
            sign_in_by_address: Rate::new(7, 5 * MINUTE),
            sign_in_by_email: Rate::new(20, 5 * MINUTE),
            sign_in_by_device: Rate::new(7, 5 * MINUTE),
            second_factor: Rate::new(7, 5 * MINUTE),
            sign_up: Rate::new(5, HOUR),
            mail: Rate::new(5, HOUR),
            link: Rate::new(20, HOUR),
            password_check: Rate::new(7, 5 * MINUTE),
        }
    }
}

/// What each account may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How long a period is; a day's begins at midnight UTC.
    pub period: Duration,
    /// The most in each.
    pub limits: BudgetLimits,
}

/// What whoever runs the server decides about accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPolicy {
    /// The name that authenticators show.
    pub application: String,
    /// Who may sign up.
    pub sign_up: SignUpMode,
    /// The id of the very first account: that of the owner of mode `local`, so that what was kept there is theirs.
    pub first_account: Option<UserId>,
    /// Whether people may sign in with passwords.
    pub passwords: bool,
    /// What new passwords must be like.
    pub password: PasswordPolicy,
    /// Whether an unverified address is refused at sign-in; only looked at while mail is configured.
    pub requires_verified_email: bool,
    /// Whether people who are not administrators may delete their account.
    pub allows_deletion: bool,
    /// How long a session lasts from sign-in on.
    pub session_lifetime: Duration,
    /// How long an access token lasts.
    pub access_token_lifetime: Duration,
    /// How long a refresh token is tolerated after its successor was used.
    pub refresh_grace: Duration,
    /// How much time there is between password and second factor.
    pub two_factor_lifetime: Duration,
    /// How long a link that resets a password works.
    pub reset_lifetime: Duration,
    /// How long a link that verifies an address works.
    pub verification_lifetime: Duration,
    /// How long an invitation works.
    pub invitation_lifetime: Duration,
    /// The most live API keys of an account.
    pub api_keys: usize,
    /// The most provider keys of an account.
    pub provider_keys: usize,
    /// What each account may spend; absent: as much as it likes.
    pub budget: Option<Budget>,
    /// How often things may be tried.
    pub rates: AttemptRates,
}

impl Default for AccountPolicy {
    fn default() -> Self {
        Self {
            application: "Manent".to_owned(),
            sign_up: SignUpMode::default(),
            first_account: None,
            passwords: true,
            password: PasswordPolicy::default(),
            requires_verified_email: true,
            allows_deletion: true,
            session_lifetime: 7 * DAY,
            access_token_lifetime: 15 * MINUTE,
            refresh_grace: MINUTE,
            two_factor_lifetime: 5 * MINUTE,
            reset_lifetime: 15 * MINUTE,
            verification_lifetime: DAY,
            invitation_lifetime: 7 * DAY,
            api_keys: 100,
            provider_keys: 100,
            budget: None,
            rates: AttemptRates::default(),
        }
    }
}
