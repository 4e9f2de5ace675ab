//! The services: every rule of accounts stands in one of them.

mod account;
mod api_key;
mod audit_log;
mod budget;
mod context;
mod housekeeping;
mod invitation;
mod open_id;
mod provider_key;
mod role;
mod rotation;
mod session;
mod sign_in;
mod sign_up;
mod standing;
mod two_factor;

pub use account::{AccountService, NewPerson, PrintedLink};
pub use api_key::{ApiKeyService, MadeApiKey};
pub use audit_log::{AuditLog, AuditVerdict};
pub use budget::{BudgetService, Reserved};
pub use context::AccountPorts;
pub use housekeeping::{HousekeepingService, Tidied};
pub use invitation::{Invitation, InvitationService};
pub use open_id::{OpenIdError, OpenIdPerson, OpenIdPolicy, OpenIdRefusal, OpenIdService};
pub use provider_key::{OpenedKey, ProviderKeyService};
pub use role::RoleService;
pub use rotation::{Rotated, SecretRotation, Unopened};
pub use session::{MAX_REFRESH_TOKENS, OpenedSession, SessionService};
pub use sign_in::{SignInService, SignedIn};
pub use sign_up::{SignUp, SignUpService};
pub use standing::StandingService;
pub use two_factor::{BegunTwoFactor, SecondFactor, TwoFactorService};
