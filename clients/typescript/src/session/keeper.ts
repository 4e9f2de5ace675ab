import { Api, ServerUnreachable } from '../classic/api.js';
import { parsedObject } from '../classic/eventStream.js';
import type { Environment } from '../environment.js';
import { Listeners } from '../listeners.js';
import { type HeldToken, readAccount, SessionLink } from './sessionLink.js';
import type { Account, AuthOptions, Registration, SecondFactor, SessionOptions, SessionState, SignInOutcome } from './types.js';

/** A token is renewed after this part of its life, and up to {@link JITTER} of it later: the first tab does it for all. */
const RENEW_AFTER = 0.75;
const JITTER = 0.15;

/** A refresh that takes longer counts as failed, in milliseconds. */
const REFRESH_LIMIT_MS = 20_000;

/** Paths that nobody has to be signed in for. */
const PUBLIC = /^\/(?:auth\/(?!sign-out)|healthz|readyz|version)/;

/** The server could not say at the moment whether somebody is signed in; what it answered is the answer to whatever needed to know. */
class NotNow extends Error {
  readonly answer: { status: number; headers: [string, string][]; body: string };

  constructor(answer: NotNow['answer']) {
    super(`The server answered ${answer.status}.`);
    this.name = 'NotNow';
    this.answer = answer;
  }

  response(): Response {
    const { status, headers, body } = this.answer;
    return new Response(body, { status, headers });
  }
}

export type SessionEnvironment = Pick<Environment, 'now' | 'later' | 'fetch' | 'random' | 'locks' | 'openChannel'>;

/**
 * Keeps somebody signed in.
 *
 * The access token lives in memory and nowhere else; what lasts is the server's cookie, which no page can read. A token is renewed before it
 * ends, by one tab for all; a request that is refused with 401 all the same is sent once more with the next token.
 * No request ever carries the token of another account than the one that this keeper is for.
 */
export class SessionKeeper {
  /** As the browser's `fetch`, with the token of whoever is signed in. */
  readonly fetch: typeof fetch;
  private readonly environment: SessionEnvironment;
  private readonly baseUrl: string;
  private readonly name: string;
  private readonly link: SessionLink;
  private readonly listeners = new Listeners<SessionState>();
  /** Asks without a token. */
  private readonly open: Api;
  private readonly signed: Api;
  private accountId: string | null;
  private held: HeldToken | null = null;
  private current: SessionState = { state: 'unknown' };
  private renewing: Promise<HeldToken | null> | null = null;
  private stopTimer: () => void = () => undefined;
  private isClosed = false;

  constructor(options: SessionOptions, environment: SessionEnvironment) {
    this.environment = environment;
    this.baseUrl = (options.baseUrl ?? '').replace(/\/+$/, '');
    this.name = `${options.name ?? 'manent'}/session`;
    this.accountId = options.accountId ?? null;
    this.fetch = (input, init) => this.send(input, init);
    this.open = new Api({ baseUrl: this.baseUrl, fetch: environment.fetch });
    this.signed = new Api({ baseUrl: this.baseUrl, fetch: this.fetch });
    this.link = new SessionLink(environment.openChannel(this.name), (message) => {
      if (message.type === 'token') this.take(message.held);
      else this.leave('left');
    });
  }

  get state(): SessionState {
    return this.current;
  }

  /** The name of the database that is this account's on this device, and nobody else's. */
  get databaseName(): string {
    return databaseNameOf(this.accountId);
  }

  /** Is told each new state. Returns the way to stop. */
  subscribe(listener: (state: SessionState) => void): () => void {
    return this.listeners.add(listener);
  }

  /** Finds out who is signed in, by the cookie. Where the server cannot be asked the state stays `unknown`; each request asks again. */
  async start(): Promise<SessionState> {
    try {
      await this.renew(null);
    } catch {
      // It stays unknown.
    }
    return this.current;
  }

  options(): Promise<AuthOptions> {
    return this.open.json('GET', '/auth/options');
  }

  /** Rejects with `ApiProblem` (`wrong_credentials`, `too_many_attempts`, …) or `ServerUnreachable`. */
  async signIn(email: string, password: string): Promise<SignInOutcome> {
    const response = await this.open.send('POST', '/auth/sign-in', { email, password });
    const answer = await parsed(response);
    if (answer.kind === 'secondFactorNeeded' && typeof answer.token === 'string') return { kind: 'second_factor_needed', token: answer.token };
    return { kind: 'signed_in', account: this.admit(response, answer) };
  }

  /** The second step; `token` is that of the first. */
  async secondFactor(token: string, factor: SecondFactor): Promise<Account> {
    const response = await this.open.send('POST', '/auth/second-factor', { token, ...factor });
    return this.admit(response, await parsed(response));
  }

  /** Makes an account. The answer does not tell whether the address had one already; nobody is signed in by it. */
  async register(registration: Registration): Promise<void> {
    await this.open.send('POST', '/auth/register', registration);
  }

  /**
   * Ends the session on the server, and in all tabs of this browser. What the device keeps stays as it is: that is `persistence.signOut`.
   * The answer is the address at which the browser signs out of its provider too, where the sign-in came from one.
   */
  async signOut(): Promise<string | null> {
    let redirect: string | null = null;
    try {
      const response = await this.signed.send('POST', '/auth/sign-out');
      if (response.status === 200) redirect = webAddress((await parsed(response)).redirect);
    } catch (error) {
      // Whoever is signed out already has what they want.
      if (this.current.state !== 'signed_out') throw error;
    }
    this.link.post({ type: 'left' });
    this.leave('left');
    return redirect;
  }

  close(): void {
    this.isClosed = true;
    this.stopTimer();
    this.link.close();
    this.listeners.clear();
    this.held = null;
  }

  private async send(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const { fetch } = this.environment;
    const path = this.pathOf(input);
    // Another server is told nothing of who is signed in here.
    if (path === null || PUBLIC.test(path) || this.current.state === 'local') return fetch(input, init);
    try {
      const held = await untilAborted(this.valid(), init.signal);
      const response = await fetch(input, withToken(init, held));
      if (response.status !== 401 || !held) return response;
      const next = await untilAborted(this.renew(held.token), init.signal);
      if (!next) return response;
      response.body?.cancel().catch(() => undefined);
      const second = await fetch(input, withToken(init, next));
      // A token that is new and refused: only signing in helps.
      if (second.status === 401) this.end(next.token);
      return second;
    } catch (error) {
      if (error instanceof NotNow) return error.response();
      throw error;
    }
  }

  /** The path at the server, or `null` for a request to another one. */
  private pathOf(input: RequestInfo | URL): string | null {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
    const base = this.baseUrl || (typeof location === 'undefined' ? '' : location.origin);
    if (base !== '' && url.startsWith(`${base}/`)) return url.slice(base.length);
    return this.baseUrl === '' && /^\/(?![/\\])/.test(url) ? url : null;
  }

  /** A token that counts, or `null` where nobody is signed in. Rejects where that cannot be found out. */
  private async valid(): Promise<HeldToken | null> {
    const { held, current } = this;
    if (held && this.environment.now() < held.until) return held;
    if (!held && current.state !== 'unknown') return null;
    return this.renew(held?.token ?? null);
  }

  /** The token after that one. However many ask, in however many tabs: it is asked for once. */
  private renew(stale: string | null): Promise<HeldToken | null> {
    const { held } = this;
    if (held && held.token !== stale) return Promise.resolve(held);
    if (this.isClosed) return Promise.resolve(null);
    this.renewing ??= this.alone(() => this.refresh(stale)).finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  /** Runs while no other tab does. */
  private alone<T>(run: () => Promise<T>): Promise<T> {
    const { locks } = this.environment;
    return locks ? (locks.request(this.name, run) as Promise<T>) : run();
  }

  private async refresh(stale: string | null): Promise<HeldToken | null> {
    // Another tab may have done it while this one waited for its turn.
    if (this.held && this.held.token !== stale) return this.held;
    const giveUp = new AbortController();
    const stop = this.environment.later(REFRESH_LIMIT_MS, () => giveUp.abort());
    try {
      const response = await this.environment.fetch(`${this.baseUrl}/auth/refresh`, { method: 'POST', headers: { accept: 'application/json' }, cache: 'no-store', signal: giveUp.signal });
      const body = await response.text();
      if (response.ok) {
        this.admit(response, parsedText(body));
        return this.held;
      }
      if (response.status === 401 || (response.status === 403 && isAboutTheAccount(body))) {
        if (this.held === null || this.held.token === stale) this.become(this.current.state === 'unknown' && this.accountId === null ? { state: 'signed_out', reason: 'nobody' } : { state: 'signed_out', reason: 'ended' });
        return this.held;
      }
      const isBusy = response.status === 429 || response.status >= 500;
      if (!isBusy && !(await this.options()).signIn) {
        this.become({ state: 'local' });
        return null;
      }
      const retryAfter = response.headers.get('retry-after');
      const headers: [string, string][] = [['content-type', response.headers.get('content-type') ?? 'text/plain'], ...(retryAfter === null ? [] : [['retry-after', retryAfter] as [string, string]])];
      throw new NotNow({ status: isBusy ? response.status : 503, headers, body });
    } catch (error) {
      if (error instanceof NotNow) throw error;
      // As a request that finds no network.
      throw new TypeError('The server cannot be reached.', { cause: error });
    } finally {
      stop();
    }
  }

  /** Somebody signed in, or still is: all tabs hear of it. */
  private admit(response: Response, answer: Record<string, unknown>): Account {
    const account = readAccount(answer.account);
    if (!account || typeof answer.token !== 'string') throw new ServerUnreachable();
    const held = { token: answer.token, until: this.environment.now() + lifeOf(response, answer.expiresAt, this.environment.now()), account };
    this.link.post({ type: 'token', held });
    this.take(held);
    return account;
  }

  private take(held: HeldToken): void {
    if (this.isClosed) return;
    const { account } = held;
    if (this.accountId !== null && account.id !== this.accountId) return this.become({ state: 'another', account });
    this.accountId = account.id;
    this.held = held;
    this.plan(held);
    const { current } = this;
    if (current.state !== 'signed_in' || JSON.stringify(current.account) !== JSON.stringify(account)) this.change({ state: 'signed_in', account });
  }

  /** Renews a token before it ends, so that nobody waits for it. */
  private plan({ token, until }: HeldToken): void {
    this.stopTimer();
    const [draw] = this.environment.random(1);
    const wait = (until - this.environment.now()) * (RENEW_AFTER + ((draw ?? 0) / 255) * JITTER);
    // Where that fails, the next request does it.
    this.stopTimer = this.environment.later(wait, () => void this.renew(token).catch(() => undefined));
  }

  private end(token: string): void {
    if (this.held?.token === token) this.leave('ended');
  }

  private leave(reason: 'ended' | 'left'): void {
    this.become({ state: 'signed_out', reason });
  }

  /** From now on nothing is sent in anybody's name. */
  private become(state: SessionState): void {
    this.stopTimer();
    this.held = null;
    this.change(state);
  }

  private change(state: SessionState): void {
    if (this.isClosed) return;
    this.current = state;
    this.listeners.tell(state);
  }
}

/** The name of the database that is an account's on this device; of the mode local without one. */
export function databaseNameOf(accountId: string | null): string {
  return accountId === null ? 'manent' : `manent-${accountId}`;
}

/** How long a token counts, in milliseconds: by the server's own clock where it tells it, since this device's may be off. */
function lifeOf(response: Response, expiresAt: unknown, now: number): number {
  const end = typeof expiresAt === 'string' ? Date.parse(expiresAt) : Number.NaN;
  const date = Date.parse(response.headers.get('date') ?? '');
  const life = end - (Number.isNaN(date) ? now : date);
  // The header has whole seconds.
  return Number.isNaN(life) ? 60_000 : Math.max(1_000, life - (Number.isNaN(date) ? 0 : 1_000));
}

function withToken(init: RequestInit, held: HeldToken | null): RequestInit {
  if (!held) return init;
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${held.token}`);
  return { ...init, headers };
}

/** The address, where it is one that a browser may be sent to. */
function webAddress(value: unknown): string | null {
  return typeof value === 'string' && /^https?:\/\//.test(value) ? value : null;
}

async function parsed(response: Response): Promise<Record<string, unknown>> {
  try {
    return parsedText(await response.text());
  } catch (error) {
    throw error instanceof ServerUnreachable ? error : new ServerUnreachable({ cause: error });
  }
}

function parsedText(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // It makes no sense.
  }
  throw new ServerUnreachable();
}

/** The promise, unless the request that waits for it is given up before. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason as Error);
    if (signal.aborted) return give();
    signal.addEventListener('abort', give, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}

/** Whether a refusal is the server's word about the account, and not a proxy's or one about the way to the server. */
function isAboutTheAccount(body: string): boolean {
  const code = parsedObject(body)?.code;
  return typeof code === 'string' && code !== 'origin_not_allowed' && code !== 'host_not_allowed';
}
