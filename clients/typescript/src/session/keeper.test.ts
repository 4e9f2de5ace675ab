import { describe, expect, it } from 'vitest';
import { FakeBrowser } from '../testing/fakeBrowser.js';
import type { SeenRequest } from '../testing/fakeServer.js';
import type { OutboxMessage } from '../types.js';
import { databaseNameOf, goOnAfterSignIn } from './index.js';
import { SessionKeeper } from './keeper.js';
import type { SessionState } from './types.js';

const CONVERSATION = '0199c0de-0000-7000-8000-00000000000c';
const idOf = (number: number): string => `0199c0de-0000-7000-8000-${String(number).padStart(12, '0')}`;
const message = (number: number): OutboxMessage => ({ id: idOf(number), parentId: number > 1 ? idOf(number - 1) : null, role: 'user', content: `message ${number}` });

const LIFE_MS = 900_000;

const accountOf = (name: string) => ({ id: `0199c0de-0000-7000-8000-0000000000${name}`, name, email: `${name}@example.org`, role: 'USER', twoFactor: false, createdAt: '2024-01-01T00:00:00Z' });
const ANN = accountOf('aa');
const BOB = accountOf('bb');

/** A server with accounts: one cookie for the browser, tokens with an end. */
class FakeAccounts {
  readonly browser = new FakeBrowser();
  cookie: ReturnType<typeof accountOf> | null = null;
  refreshes = 0;
  /** Stands in for the answer to a refresh. */
  onRefresh: (() => Response) | null = null;
  isLocal = false;
  isAway = false;
  /** Where the provider's session ends. */
  endsAt: string | null = null;
  private made = 0;
  private readonly tokens = new Map<string, { until: number; account: string }>();

  constructor() {
    this.browser.server.behave = (request) => (this.isAway ? 'unreachable' : (this.answer(request) ?? 'answer'));
  }

  /** Opens a tab with a keeper, and the client of its account. */
  async open(account?: string) {
    const tab = this.browser.newTab();
    const keeper = new SessionKeeper({ accountId: account }, tab.environment);
    const states: SessionState['state'][] = [];
    keeper.subscribe(({ state }) => states.push(state));
    await keeper.start();
    return { tab, keeper, states };
  }

  async openClient(account: string) {
    const opened = await this.open(account);
    const { client, tab } = await this.browser.open({ databaseName: databaseNameOf(account) }, { fetch: opened.keeper.fetch });
    goOnAfterSignIn(opened.keeper, () => client);
    return { ...opened, client, clientTab: tab };
  }

  /** As whom the requests to a path came: the account's name, `nobody`, or `expired`. */
  callers(path: string): string[] {
    return this.browser.server.requestsTo(path).map((request) => this.callerOf(request));
  }

  private answer(request: SeenRequest): Response | null {
    const { path, body } = request;
    if (path === '/auth/options') return Response.json({ signIn: !this.isLocal, registration: 'open', minPasswordLength: 8 });
    if (this.isLocal) return path.startsWith('/auth') ? problem(404, 'no_accounts') : null;
    if (path === '/auth/refresh') {
      this.refreshes += 1;
      if (this.onRefresh) return this.onRefresh();
      return this.cookie ? this.signedIn(this.cookie) : problem(401, 'signed_out');
    }
    if (path === '/auth/sign-in') {
      const account = [ANN, BOB].find(({ email }) => email === body.email);
      if (!account || body.password !== 'correct') return problem(401, 'wrong_credentials');
      this.cookie = account;
      return this.signedIn(account);
    }
    if (path === '/healthz') return Response.json({ status: 'ok' });
    const caller = this.callerOf(request);
    if (caller === 'nobody' || caller === 'expired') return problem(401, 'signed_out');
    if (path === '/auth/sign-out') {
      this.cookie = null;
      return this.endsAt === null ? new Response(null, { status: 204 }) : Response.json({ redirect: this.endsAt });
    }
    return path === '/account' ? Response.json({ name: caller }) : null;
  }

  private callerOf({ headers }: SeenRequest): string {
    const token = new Headers(headers).get('authorization')?.replace('Bearer ', '');
    const known = token === undefined ? undefined : this.tokens.get(token);
    if (!known) return token === undefined ? 'nobody' : 'expired';
    return this.browser.now < known.until ? known.account : 'expired';
  }

  /** Ends the tokens that are out, whatever their owners believe. */
  endTokens(): void {
    this.tokens.clear();
  }

  private signedIn(account: ReturnType<typeof accountOf>): Response {
    this.made += 1;
    const token = `token-${this.made}`;
    const until = this.browser.now + LIFE_MS;
    this.tokens.set(token, { until, account: account.name });
    const body = { kind: 'signedIn', token, expiresAt: new Date(until).toISOString(), account };
    return Response.json(body, { headers: { date: new Date(this.browser.now).toUTCString() } });
  }
}

function problem(status: number, code: string): Response {
  return Response.json({ status, code, detail: `It is ${code}.` }, { status });
}

describe('a session keeper', () => {
  it('finds out by the cookie who is signed in, and has requests carry the token', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    const { keeper, states } = await accounts.open();
    expect(keeper.state).toEqual({ state: 'signed_in', account: ANN });
    expect(states).toEqual(['signed_in']);
    expect(keeper.databaseName).toBe(`manent-${ANN.id}`);
    expect((await keeper.fetch('/account')).status).toBe(200);
    expect(accounts.callers('/account')).toEqual(['aa']);
    await keeper.fetch('/healthz');
    expect(accounts.callers('/healthz')).toEqual(['nobody']);
  });

  it('tells no other server of the token', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    const { keeper } = await accounts.open();
    const elsewhere = ['https://elsewhere.example/account', '//elsewhere.example/account', '/\\elsewhere.example/account', 'account'];
    for (const url of elsewhere) await keeper.fetch(url);
    expect(elsewhere.flatMap((url) => accounts.callers(url))).toEqual(['nobody', 'nobody', 'nobody', 'nobody']);
    const named = new SessionKeeper({ baseUrl: 'https://chat.example/' }, accounts.browser.newTab().environment);
    for (const url of ['https://chat.example.evil.example/account', '/account']) await named.fetch(url);
    expect(accounts.callers('https://chat.example.evil.example/account')).toEqual(['nobody']);
    expect(accounts.callers('/account')).toEqual(['nobody']);
  });

  it('asks for no sign-in where nobody signs in', async () => {
    const accounts = new FakeAccounts();
    accounts.isLocal = true;
    const { keeper } = await accounts.open();
    expect(keeper.state).toEqual({ state: 'local' });
    expect(keeper.databaseName).toBe('manent');
    await keeper.fetch('/models');
    expect(accounts.callers('/models')).toEqual(['nobody']);
  });

  it('signs in and out, and tells it to the other tabs', async () => {
    const accounts = new FakeAccounts();
    const one = await accounts.open();
    const other = await accounts.open();
    expect(one.keeper.state).toEqual({ state: 'signed_out', reason: 'nobody' });
    await expect(one.keeper.signIn(ANN.email, 'wrong')).rejects.toMatchObject({ status: 401, code: 'wrong_credentials' });
    expect(await one.keeper.signIn(ANN.email, 'correct')).toEqual({ kind: 'signed_in', account: ANN });
    await accounts.browser.settle();
    expect(other.keeper.state).toEqual({ state: 'signed_in', account: ANN });
    expect((await other.keeper.fetch('/account')).status).toBe(200);
    expect(await other.keeper.signOut()).toBeNull();
    await accounts.browser.settle();
    for (const { keeper } of [one, other]) {
      expect(keeper.state).toEqual({ state: 'signed_out', reason: 'left' });
      expect((await keeper.fetch('/account')).status).toBe(401);
    }
  });

  it('says where the browser signs out of its provider, and takes no other address', async () => {
    for (const [redirect, wanted] of [
      ['https://provider.example/end?hint=x', 'https://provider.example/end?hint=x'],
      ['javascript:alert(1)', null],
    ]) {
      const accounts = new FakeAccounts();
      accounts.cookie = ANN;
      accounts.endsAt = redirect!;
      const { keeper } = await accounts.open();
      expect(await keeper.signOut()).toBe(wanted);
    }
  });

  it('stays signed in where the server cannot be told of signing out', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    const { keeper } = await accounts.open();
    accounts.isAway = true;
    await expect(keeper.signOut()).rejects.toThrow('cannot be reached');
    expect(keeper.state.state).toBe('signed_in');
  });

  it('renews the token before it ends, once for all tabs', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    const tabs = [await accounts.open(), await accounts.open(), await accounts.open()];
    expect(accounts.refreshes).toBe(3);
    await accounts.browser.pass(LIFE_MS);
    expect(accounts.refreshes).toBe(4);
    for (const { keeper, states } of tabs) {
      expect((await keeper.fetch('/account')).status).toBe(200);
      expect(states).toEqual(['signed_in']);
    }
    expect(accounts.callers('/account')).toEqual(['aa', 'aa', 'aa']);
  });

  it('asks once for a new token however many requests are refused, and sends each once more', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    const { keeper } = await accounts.open();
    accounts.endTokens();
    const answers = await Promise.all(Array.from({ length: 20 }, () => keeper.fetch('/account')));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(accounts.refreshes).toBe(2);
    expect(accounts.callers('/account')).toHaveLength(40);
  });

  it('is signed out when the refresh is refused, and sends nothing with an old token', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    const { keeper, states } = await accounts.open();
    accounts.cookie = null;
    accounts.endTokens();
    expect((await keeper.fetch('/account')).status).toBe(401);
    expect(keeper.state).toEqual({ state: 'signed_out', reason: 'ended' });
    expect((await keeper.fetch('/account')).status).toBe(401);
    expect(accounts.callers('/account')).toEqual(['expired', 'nobody']);
    expect(accounts.refreshes).toBe(2);
    expect(states).toEqual(['signed_in', 'signed_out']);
  });

  it.each([
    ['a proxy', () => new Response('<h1>Forbidden</h1>', { status: 403, headers: { 'content-type': 'text/html' } })],
    ['a server that wants another origin', () => problem(403, 'origin_not_allowed')],
    ['a server that wants another name', () => problem(403, 'host_not_allowed')],
  ])('takes a refusal that is about the way for no signing out: %s', async (_who, refuse) => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    accounts.onRefresh = refuse;
    const { keeper } = await accounts.open(ANN.id);
    expect(keeper.state).toEqual({ state: 'unknown' });
    expect((await keeper.fetch('/account')).status).toBe(503);
    expect(keeper.state).toEqual({ state: 'unknown' });
    accounts.onRefresh = null;
    expect((await keeper.fetch('/account')).ok).toBe(true);
    expect(keeper.state).toEqual({ state: 'signed_in', account: ANN });
  });

  it('takes the refusal of an account that is disabled for signing out', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    accounts.onRefresh = () => problem(403, 'account_disabled');
    const { keeper } = await accounts.open(ANN.id);
    expect(keeper.state).toEqual({ state: 'signed_out', reason: 'ended' });
  });

  it('takes a server that is away for no signing out', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    accounts.isAway = true;
    const { keeper } = await accounts.open(ANN.id);
    expect(keeper.state).toEqual({ state: 'unknown' });
    await expect(keeper.fetch('/account')).rejects.toThrow(TypeError);
    accounts.isAway = false;
    expect((await keeper.fetch('/account')).status).toBe(200);
    expect(keeper.state).toEqual({ state: 'signed_in', account: ANN });
  });

  it('hands on what a busy server answers to the refresh', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    accounts.onRefresh = () => Response.json({ code: 'overloaded' }, { status: 503, headers: { 'retry-after': '7' } });
    const { keeper } = await accounts.open(ANN.id);
    const answer = await keeper.fetch('/account');
    expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([503, '7', { code: 'overloaded' }]);
    expect(accounts.callers('/account')).toEqual([]);
    expect(keeper.state).toEqual({ state: 'unknown' });
  });

  it('gives up a refresh that hangs, and lets a request go that is given up meanwhile', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    accounts.browser.server.behave = () => 'hang';
    const tab = accounts.browser.newTab();
    const keeper = new SessionKeeper({}, tab.environment);
    const giveUp = new AbortController();
    const refused = expect(keeper.fetch('/account', { signal: giveUp.signal })).rejects.toThrow('not wanted');
    const failed = expect(keeper.fetch('/account')).rejects.toThrow(TypeError);
    giveUp.abort(new Error('not wanted'));
    await refused;
    await accounts.browser.pass(20_000);
    await failed;
  });

  it('never sends anything in the name of another person', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    const ann = await accounts.open(ANN.id);
    const other = await accounts.open();
    await other.keeper.signOut();
    await accounts.browser.settle();
    const bob = await accounts.open();
    await bob.keeper.signIn(BOB.email, 'correct');
    await accounts.browser.settle();
    expect(ann.keeper.state).toEqual({ state: 'another', account: BOB });
    expect((await ann.keeper.fetch('/account')).status).toBe(401);
    const reloaded = await accounts.open(ANN.id);
    expect(reloaded.keeper.state).toEqual({ state: 'another', account: BOB });
    expect((await reloaded.keeper.fetch('/account')).status).toBe(401);
    expect(accounts.callers('/account')).toEqual(['nobody', 'nobody']);
  });
});

describe('the outbox of somebody who signs in', () => {
  it('pauses when the sign-in ends, keeps all, and goes on by itself after the next one', async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    const { client, keeper } = await accounts.openClient(ANN.id);
    await client.persistence.queueMessage(message(1), CONVERSATION, {});
    await accounts.browser.settle();
    accounts.cookie = null;
    accounts.endTokens();
    for (const number of [2, 3]) await client.persistence.queueMessage(message(number), CONVERSATION);
    await accounts.browser.settle();
    expect(client.persistence.getQueueStatus()).toMatchObject({ waiting: 2, isPausedForSignIn: true });
    await keeper.signIn(ANN.email, 'correct');
    await accounts.browser.pass(60_000);
    expect(accounts.browser.server.storedIn(CONVERSATION)).toEqual([1, 2, 3].map(idOf));
    expect(client.persistence.items()).toEqual([]);
  });

  it("stays on the device while another person is signed in, unseen and unsent, and is sent in its owner's name later", async () => {
    const accounts = new FakeAccounts();
    accounts.cookie = ANN;
    const first = await accounts.openClient(ANN.id);
    accounts.cookie = null;
    accounts.endTokens();
    await first.client.persistence.queueMessage(message(1), CONVERSATION, {});
    await accounts.browser.settle();
    await first.keeper.signIn(BOB.email, 'correct');
    await accounts.browser.pass(60_000);
    expect(first.keeper.state.state).toBe('another');
    expect(first.client.persistence.items()).toHaveLength(1);

    const bob = await accounts.openClient(BOB.id);
    expect(bob.client.persistence.items()).toEqual([]);
    await accounts.browser.pass(60_000);
    expect(accounts.browser.server.storedIn(CONVERSATION)).toEqual([]);

    first.clientTab.kill();
    await bob.keeper.signIn(ANN.email, 'correct');
    const again = await accounts.openClient(ANN.id);
    await accounts.browser.pass(60_000);
    expect(again.client.persistence.items()).toEqual([]);
    expect(accounts.browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
    expect(accounts.callers('/message/append').filter((caller) => caller === 'bb')).toEqual([]);
  });
});
