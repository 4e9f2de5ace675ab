/** The public words of signing in. Times are milliseconds since the Unix epoch by this device's clock. */

/** Who is signed in. */
export interface Account {
  id: string;
  /** The name that is shown. */
  name: string;
  email: string;
  /** `USER`, `ADMIN`, or a role of the server's own. */
  role: string;
  /** Whether a second factor is asked for at sign-in. */
  twoFactor: boolean;
  createdAt: string;
}

/** What a sign-in page has to know: `GET /auth/options`. */
export interface AuthOptions {
  /** Whether people sign in at all; if not, everybody who reaches the server is its one owner. */
  signIn: boolean;
  registration: 'open' | 'invited' | 'closed';
  minPasswordLength: number;
  [field: string]: unknown;
}

/**
 * Who the requests of this keeper go out for.
 *
 * - `unknown`: the server was not asked yet, or cannot be reached.
 * - `local`: nobody signs in at this server.
 * - `signed_in`: requests carry this account's token.
 * - `signed_out`: requests carry nothing. `nobody`: nobody was signed in; `ended`: the sign-in ended (expired, ended elsewhere, refused);
 *   `left`: somebody signed out, here or in another tab.
 * - `another`: somebody else than the one whom this keeper is for is signed in. It sends nothing in their name; close it, and open theirs.
 */
export type SessionState =
  | { state: 'unknown' }
  | { state: 'local' }
  | { state: 'signed_in'; account: Account }
  | { state: 'signed_out'; reason: 'nobody' | 'ended' | 'left' }
  | { state: 'another'; account: Account };

/** What a right password leads to. */
export type SignInOutcome =
  | { kind: 'signed_in'; account: Account }
  /** Give `token` to `secondFactor`, with one of the two codes. */
  | { kind: 'second_factor_needed'; token: string };

export type SecondFactor = { code: string } | { backupCode: string };

export interface Registration {
  name: string;
  email: string;
  password: string;
  /** The secret of an invitation. */
  invitation?: string;
}

export interface SessionOptions {
  /** Where the server is; the page's own origin by default. The cookie that keeps a sign-in goes to its own origin alone. */
  baseUrl?: string;
  /** Whom this keeper is for. Without it: whoever is signed in first. */
  accountId?: string;
  /** What the tabs of one origin share their sign-in under; `manent` by default. */
  name?: string;
  fetch?: typeof fetch;
}
