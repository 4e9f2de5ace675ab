//! What the audit log tells.

coded! {
    /// What happened.
    AuditKind {
        /// An account was made.
        AccountCreated = "account_created",
        /// Somebody tried to sign up and was refused; the detail has the reason.
        SignUpRefused = "sign_up_refused",
        /// Somebody signed in; the detail has the session.
        SignedIn = "signed_in",
        /// Somebody tried to sign in and was refused; the detail has the reason.
        SignInRefused = "sign_in_refused",
        /// A session was ended by its person.
        SignedOut = "signed_out",
        /// All sessions, or all but one, were ended by their person.
        SignedOutEverywhere = "signed_out_everywhere",
        /// An old refresh token was used again: the session ended.
        RefreshTokenReused = "refresh_token_reused",
        /// A password was changed by its person.
        PasswordChanged = "password_changed",
        /// A password was set with a link.
        PasswordReset = "password_reset",
        /// The stored hash of a password was made anew, stronger.
        PasswordHashUpgraded = "password_hash_upgraded",
        /// A link that resets a password went out.
        PasswordResetRequested = "password_reset_requested",
        /// A link that verifies an e-mail address went out once more.
        VerificationRequested = "verification_requested",
        /// An e-mail address was verified.
        EmailVerified = "email_verified",
        /// An e-mail address was changed.
        EmailChanged = "email_changed",
        /// Name or user name were changed.
        ProfileChanged = "profile_changed",
        /// The terms of use were accepted.
        TermsAccepted = "terms_accepted",
        /// The role of an account was changed.
        RoleChanged = "role_changed",
        /// An account was disabled.
        AccountDisabled = "account_disabled",
        /// An account was enabled again.
        AccountEnabled = "account_enabled",
        /// An account was deleted with everything it owned.
        AccountDeleted = "account_deleted",
        /// An account was linked to a person at an OpenID provider.
        OpenIdLinked = "openid_linked",
        /// A second factor was begun and waits for its first code.
        TwoFactorBegun = "two_factor_begun",
        /// A second factor is asked for from now on.
        TwoFactorEnabled = "two_factor_enabled",
        /// A second factor is no longer asked for.
        TwoFactorDisabled = "two_factor_disabled",
        /// A second factor was presented and accepted.
        TwoFactorAccepted = "two_factor_accepted",
        /// A second factor was presented and refused.
        TwoFactorRefused = "two_factor_refused",
        /// A backup code was used.
        BackupCodeUsed = "backup_code_used",
        /// The backup codes were replaced.
        BackupCodesReplaced = "backup_codes_replaced",
        /// An API key was made; the detail has its id, name and scopes.
        ApiKeyCreated = "api_key_created",
        /// An API key was revoked.
        ApiKeyRevoked = "api_key_revoked",
        /// Somebody was invited.
        Invited = "invited",
        /// An invitation was taken back.
        InvitationRevoked = "invitation_revoked",
        /// A person's key for a provider was stored; the detail has the endpoint.
        ProviderKeyStored = "provider_key_stored",
        /// A person's key for a provider was deleted; the detail has the endpoint.
        ProviderKeyDeleted = "provider_key_deleted",
        /// Stored secrets were encrypted with a newer key; the detail has the numbers.
        SecretsResealed = "secrets_resealed",
        /// The server's secret was taken for the one of the accounts, whichever was before; the detail has its number and fingerprint.
        SecretAdopted = "secret_adopted",
        /// The permissions of a role were changed; the detail has the role and what changed.
        RolePermissionsChanged = "role_permissions_changed",
    }
}
