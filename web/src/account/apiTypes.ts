// Generated from docs/openapi.json by `npm run generate`: do not change it by hand.

/**
 * RFC 3339, UTC, with milliseconds
 */
export type Timestamp = string;
/**
 * Who owns a row.
 */
export type UserId = string;
/**
 * An API key.
 */
export type ApiKeyId = string;
/**
 * Who may register.
 */
export type RegistrationName = 'open' | 'invited' | 'closed';
/**
 * What a key may do.
 */
export type ScopeName = 'read' | 'write' | 'generate' | 'admin';
/**
 * A session: one sign-in on one client.
 */
export type SessionId = string;
/**
 * What a sign-in answers.
 */
export type SignInAnswer =
  | (SignedInResource & {
      kind: 'signedIn';
    })
  | {
      expires_at: Timestamp;
      kind: 'secondFactorNeeded';
      /**
       * For `POST /auth/second-factor`.
       */
      token: string;
    };

/**
 * An account.
 */
export interface AccountResource {
  createdAt: Timestamp;
  /**
   * The e-mail address.
   */
  email: string;
  id: UserId;
  /**
   * The name that is shown.
   */
  name: string;
  /**
   * `USER`, `ADMIN`, or a role of the server's own.
   */
  role: string;
  /**
   * Whether a second factor is asked for at sign-in.
   */
  twoFactor: boolean;
  /**
   * A short name.
   */
  username?: string | null;
}
/**
 * `POST /auth/reset/request` and `POST /auth/verify/resend`.
 */
export interface AddressRequest {
  /**
   * The e-mail address.
   */
  email: string;
}
/**
 * `GET /auth/options`: what a sign-in page has to know.
 */
export interface AuthOptions {
  /**
   * The shortest password that may be chosen, in characters.
   */
  minPasswordLength: number;
  openid?: OpenIdOption | null;
  /**
   * Whether people sign in with a password.
   */
  passwords: boolean;
  registration: RegistrationName;
  /**
   * Whether a link that resets a password can be had by mail (`POST /auth/reset/request`); if not, an administrator hands one out.
   */
  resetByMail: boolean;
  /**
   * Whether people sign in here at all; if not, everybody who reaches the server is its one owner.
   */
  signIn: boolean;
}
/**
 * How people sign in through an OpenID provider.
 */
export interface OpenIdOption {
  /**
   * Whether the page may go there without being asked; not right after a failure or a sign-out.
   */
  automatic: boolean;
  /**
   * The address of a picture for it.
   */
  image?: string | null;
  /**
   * The provider's name, for the button.
   */
  label: string;
  /**
   * Where a browser goes to sign in. `?client=page&return_to=…` names the path that it comes back to; after a failure that has
   * `signInError=…` in its query.
   */
  path: string;
}
/**
 * The answer to `POST /account/two-factor/backup-codes`; the ones before do nothing any more.
 */
export interface BackupCodes {
  /**
   * Each works once.
   */
  backupCodes: string[];
}
/**
 * The answer to `POST /account/two-factor`; it is never shown again.
 */
export interface BegunTwoFactorResource {
  /**
   * For when the device is lost; each works once.
   */
  backupCodes: string[];
  /**
   * What an authenticator reads, usually as a picture.
   */
  otpauthUrl: string;
  /**
   * The same secret to be typed, in Base32.
   */
  secret: string;
}
/**
 * `GET /account/budget`.
 */
export interface BudgetAnswer {
  budget?: BudgetResource | null;
}
/**
 * A budget in the period of now.
 */
export interface BudgetResource {
  cost: BudgetMeasure;
  endsAt: Timestamp;
  generations: BudgetMeasure;
  startsAt: Timestamp;
  tokens: BudgetMeasure;
}
/**
 * What is there of something, and what was spent.
 */
export interface BudgetMeasure {
  /**
   * The most in a period. Absent: as much as one likes.
   */
  limit?: number | null;
  /**
   * What answers that are being made may come to.
   */
  reserved: number;
  /**
   * By answers that have ended.
   */
  used: number;
}
/**
 * `POST /account/password`.
 */
export interface ChangePasswordRequest {
  /**
   * The one that is to hold. Every other session ends.
   */
  new: string;
  /**
   * The one that holds.
   */
  old: string;
}
/**
 * `POST /account/two-factor/confirm`.
 */
export interface ConfirmTwoFactorRequest {
  /**
   * Six digits of the authenticator.
   */
  code: string;
}
/**
 * `POST /keys`.
 */
export interface CreateKeyRequest {
  expiresAt?: Timestamp | null;
  /**
   * For people.
   */
  name: string;
  /**
   * What it may do.
   */
  scopes: ScopeName[];
}
/**
 * `DELETE /account`: the password, and a code where a second factor is asked for at sign-in.
 */
export interface DeleteAccountRequest {
  /**
   * One of the codes that were written down.
   */
  backupCode?: string | null;
  /**
   * Six digits of the authenticator.
   */
  code?: string | null;
  /**
   * The password; not needed beside a code, nor by who has none.
   */
  password?: string | null;
}
/**
 * `GET /keys`.
 */
export interface KeyList {
  /**
   * The newest first.
   */
  keys: KeyResource[];
}
/**
 * A key for programs.
 */
export interface KeyResource {
  createdAt: Timestamp;
  expiresAt?: Timestamp | null;
  id: ApiKeyId;
  lastUsedAt?: Timestamp | null;
  /**
   * For people.
   */
  name: string;
  revokedAt?: Timestamp | null;
  /**
   * What it may do.
   */
  scopes: ScopeName[];
}
/**
 * The answer to `POST /keys`.
 */
export interface MadeKey {
  key: KeyResource;
  /**
   * The key itself; it is never shown again.
   */
  secret: string;
}
/**
 * `GET /account/provider-keys`.
 */
export interface ProviderKeyList {
  /**
   * Every provider that wants a key of each person's own.
   */
  keys: ProviderKeyResource[];
}
/**
 * A provider that wants a key of each person's own, and whether the caller has given one. The key itself is never told.
 */
export interface ProviderKeyResource {
  /**
   * The provider's id, as `/models` names it.
   */
  endpoint: string;
  expiresAt?: Timestamp | null;
  /**
   * Whether there is a key, expired or not.
   */
  hasKey: boolean;
  /**
   * Whether it wants an address beside the key.
   */
  takesBaseURL: boolean;
}
/**
 * `PUT /account/provider-keys/{endpoint}`.
 */
export interface ProviderKeyRequest {
  /**
   * The key: visible ASCII characters. It is kept encrypted and never shown again.
   */
  apiKey: string;
  /**
   * Where the provider is: needed where `takesBaseURL` says so, and only there.
   */
  baseURL?: string | null;
  expiresAt?: Timestamp | null;
}
/**
 * `POST /auth/register`.
 */
export interface RegisterRequest {
  /**
   * Unique; upper and lower case are one.
   */
  email: string;
  /**
   * The secret of an invitation.
   */
  invitation?: string | null;
  /**
   * The name that is shown.
   */
  name: string;
  /**
   * As long as `minPasswordLength` says, at most 128 characters.
   */
  password: string;
}
/**
 * `POST /auth/reset`.
 */
export interface ResetPasswordRequest {
  /**
   * As long as `minPasswordLength` says. Every session ends.
   */
  newPassword: string;
  /**
   * What the link has behind `token=`.
   */
  token: string;
}
/**
 * `POST /auth/second-factor`: one of the two codes.
 */
export interface SecondFactorRequest {
  /**
   * One of the codes that were written down.
   */
  backupCode?: string | null;
  /**
   * Six digits of the authenticator.
   */
  code?: string | null;
  /**
   * `token` of the answer that asked for it.
   */
  token: string;
}
/**
 * `GET /account/sessions`.
 */
export interface SessionList {
  /**
   * The newest first.
   */
  sessions: SessionResource[];
}
/**
 * One sign-in on one client.
 */
export interface SessionResource {
  createdAt: Timestamp;
  /**
   * Whether it is the one that asks.
   */
  current: boolean;
  expiresAt: Timestamp;
  id: SessionId;
  /**
   * What the client says it is.
   */
  label?: string | null;
  lastUsedAt: Timestamp;
}
/**
 * `POST /auth/refresh`, and a sign-in.
 */
export interface SignedInResource {
  account: AccountResource;
  expiresAt: Timestamp;
  /**
   * To be sent as `Authorization: Bearer …`.
   */
  token: string;
}
/**
 * `POST /auth/sign-in`.
 */
export interface SignInRequest {
  /**
   * The e-mail address.
   */
  email: string;
  /**
   * The password.
   */
  password: string;
}
/**
 * `POST /auth/sign-out`, where the sign-in came from an OpenID provider.
 */
export interface SignOutAnswer {
  /**
   * Where the browser goes to be signed out there too.
   */
  redirect: string;
}
/**
 * A proof: one of the two codes, or none where nothing is active yet.
 */
export interface TwoFactorProof {
  /**
   * One of the codes that were written down.
   */
  backupCode?: string | null;
  /**
   * Six digits of the authenticator.
   */
  code?: string | null;
}
/**
 * `GET /account/two-factor`.
 */
export interface TwoFactorResource {
  /**
   * How many backup codes are unused.
   */
  backupCodesLeft: number;
  /**
   * Whether a second factor is asked for at sign-in.
   */
  enabled: boolean;
  /**
   * Whether one was begun and waits for its first code.
   */
  pending: boolean;
  since?: Timestamp | null;
}
/**
 * `PATCH /account`; what is absent stays.
 */
export interface UpdateAccountRequest {
  /**
   * The name that is shown.
   */
  name?: string | null;
  /**
   * A short name; empty takes it away.
   */
  username?: string | null;
}
/**
 * `POST /auth/verify`.
 */
export interface VerifyRequest {
  /**
   * What the link has behind `token=`.
   */
  token: string;
}
