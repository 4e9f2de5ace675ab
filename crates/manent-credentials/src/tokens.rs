//! All tokens that are derived from the server's secrets, behind the ports of accounts.

use manent_accounts::ports::{
    AccessClaims, RefreshClaims, TokenError, TokenMinter, TokenReader, TwoFactorClaims,
};
use manent_types::Timestamp;
use secrecy::SecretString;

use crate::access_token::AccessTokens;
use crate::refresh_token::RefreshTokens;
use crate::server_secret::{Purpose, ServerSecrets};
use crate::two_factor_token::TwoFactorTokens;

/// Makes tokens with the secret in use, and believes those of the older ones too.
#[derive(Debug)]
pub struct Tokens {
    refresh: RefreshTokens,
    access: AccessTokens,
    two_factor: TwoFactorTokens,
}

impl Tokens {
    /// The tokens of a server with these secrets: another server with the same ones makes the same tokens and believes them.
    pub fn new(secrets: &ServerSecrets) -> Self {
        Self {
            refresh: RefreshTokens::new(secrets.keys_for(Purpose::RefreshToken)),
            access: AccessTokens::new(&secrets.keys_for(Purpose::AccessToken)),
            two_factor: TwoFactorTokens::new(&secrets.keys_for(Purpose::TwoFactorToken)),
        }
    }
}

impl TokenMinter for Tokens {
    fn refresh_token(&self, claims: RefreshClaims) -> Result<SecretString, TokenError> {
        Ok(self.refresh.derive(claims))
    }

    fn access_token(&self, claims: &AccessClaims) -> Result<SecretString, TokenError> {
        self.access.mint(claims)
    }

    fn two_factor_token(&self, claims: TwoFactorClaims) -> Result<SecretString, TokenError> {
        self.two_factor.mint(claims)
    }
}

impl TokenReader for Tokens {
    fn read_refresh_token(&self, text: &str) -> Result<RefreshClaims, TokenError> {
        self.refresh.read(text).ok_or(TokenError::Invalid)
    }

    fn read_access_token(&self, text: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        self.access.read(text, now)
    }

    fn read_two_factor_token(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<TwoFactorClaims, TokenError> {
        self.two_factor.read(text, now)
    }
}

#[cfg(test)]
mod tests {
    use manent_accounts::account::AccountProvider;
    use manent_accounts::email::EmailAddress;
    use manent_types::{SessionId, UserId};
    use secrecy::ExposeSecret;
    use uuid::Uuid;

    use super::*;
    use crate::entropy::SystemEntropy;

    const fn at(milliseconds: i64) -> Timestamp {
        match Timestamp::from_millisecond(milliseconds) {
            Ok(time) => time,
            Err(_) => panic!("within bounds"),
        }
    }

    fn access_claims() -> AccessClaims {
        AccessClaims {
            account: UserId::new(Uuid::from_u128(1)),
            session: SessionId::new(Uuid::from_u128(2)),
            username: "ada".to_owned(),
            provider: AccountProvider::Local,
            email: EmailAddress::parse("ada@example.org").unwrap(),
            issued_at: at(0),
            expires_at: at(900_000),
        }
    }

    const REFRESH: RefreshClaims = RefreshClaims {
        session: SessionId::new(Uuid::from_u128(2)),
        generation: 4,
    };

    const TWO_FACTOR: TwoFactorClaims = TwoFactorClaims {
        account: UserId::new(Uuid::from_u128(1)),
        id: Uuid::from_u128(3),
        account_updated_at: at(1_000),
        expires_at: at(300_000),
    };

    fn all(tokens: &Tokens) -> [SecretString; 3] {
        [
            tokens.refresh_token(REFRESH).unwrap(),
            tokens.access_token(&access_claims()).unwrap(),
            tokens.two_factor_token(TWO_FACTOR).unwrap(),
        ]
    }

    /// Which readers take the token for one of theirs.
    fn taken_as(tokens: &Tokens, token: &SecretString) -> [bool; 3] {
        let text = token.expose_secret();
        [
            tokens.read_refresh_token(text) == Ok(REFRESH),
            tokens.read_access_token(text, at(0)) == Ok(access_claims()),
            tokens.read_two_factor_token(text, at(0)) == Ok(TWO_FACTOR),
        ]
    }

    #[test]
    fn each_kind_is_taken_for_itself_and_for_no_other() {
        let tokens = Tokens::new(&ServerSecrets::generate(&SystemEntropy).unwrap());
        assert_eq!(
            all(&tokens).map(|token| taken_as(&tokens, &token)),
            [
                [true, false, false],
                [false, true, false],
                [false, false, true]
            ]
        );
    }

    #[test]
    fn a_node_with_the_same_secrets_believes_them_and_one_with_others_does_not() {
        let secrets = ServerSecrets::generate(&SystemEntropy).unwrap();
        let minted = all(&Tokens::new(&secrets));
        let count = |secrets: &ServerSecrets| {
            let tokens = Tokens::new(secrets);
            let taken = minted.iter().flat_map(|token| taken_as(&tokens, token));
            taken.filter(|taken| *taken).count()
        };
        let same = ServerSecrets::parse(&secrets.to_text()).unwrap();
        assert_eq!(count(&same), 3);
        assert_eq!(count(&secrets.rotated(&SystemEntropy).unwrap()), 3);
        assert_eq!(count(&ServerSecrets::generate(&SystemEntropy).unwrap()), 0);
    }

    #[test]
    fn debug_prints_no_key() {
        let secrets = ServerSecrets::generate(&SystemEntropy).unwrap();
        let printed = format!("{:?}", Tokens::new(&secrets));
        assert_eq!(
            printed,
            "Tokens { refresh: RefreshTokens { keys: KeySet { current: NumberedKey { number: 1, key: Key(..) }, previous: [] } }, \
             access: AccessTokens { jwt: Jwt(..) }, two_factor: TwoFactorTokens { jwt: Jwt(..) } }"
        );
    }
}
