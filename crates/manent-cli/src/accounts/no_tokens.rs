//! Commands make no tokens, encrypt nothing and send no mail: these take the places of what would, and refuse.

use manent_accounts::ports::{
    AccessClaims, Mail, Mailer, RefreshClaims, TokenError, TokenMinter, TokenReader,
    TwoFactorClaims, Vault, VaultError, VaultUse,
};
use manent_accounts::secret::SealedSecret;
use manent_types::Timestamp;
use secrecy::SecretString;

/// Neither makes nor reads tokens.
pub(super) struct NoTokens;

fn refused() -> TokenError {
    TokenError::Failed {
        detail: "commands make no tokens".to_owned(),
    }
}

impl TokenMinter for NoTokens {
    fn refresh_token(&self, _: RefreshClaims) -> Result<SecretString, TokenError> {
        Err(refused())
    }

    fn access_token(&self, _: &AccessClaims) -> Result<SecretString, TokenError> {
        Err(refused())
    }

    fn two_factor_token(&self, _: TwoFactorClaims) -> Result<SecretString, TokenError> {
        Err(refused())
    }
}

impl TokenReader for NoTokens {
    fn read_refresh_token(&self, _: &str) -> Result<RefreshClaims, TokenError> {
        Err(TokenError::Invalid)
    }

    fn read_access_token(&self, _: &str, _: Timestamp) -> Result<AccessClaims, TokenError> {
        Err(TokenError::Invalid)
    }

    fn read_two_factor_token(&self, _: &str, _: Timestamp) -> Result<TwoFactorClaims, TokenError> {
        Err(TokenError::Invalid)
    }
}

/// Opens and seals nothing; only `manent secret reseal` has the keys.
pub(super) struct NoVault;

impl Vault for NoVault {
    fn key_version(&self) -> u32 {
        0
    }

    fn seal(&self, _: &VaultUse, _: &SecretString) -> Result<SealedSecret, VaultError> {
        Err(VaultError::Failed {
            detail: "this command has no keys".to_owned(),
        })
    }

    fn open(&self, _: &VaultUse, sealed: &SealedSecret) -> Result<SecretString, VaultError> {
        Err(VaultError::UnknownKey {
            version: sealed.key_version,
        })
    }
}

/// Whoever runs a command hands links on.
pub(super) struct NoMail;

impl Mailer for NoMail {
    fn is_configured(&self) -> bool {
        false
    }

    fn send(&self, _: Mail) {}
}
