import { type BrowserContext, expect, type Page, test as base } from '@playwright/test';
import { Server, type StoredMessage } from '../support/server.ts';
import { Chat } from '../support/test.ts';

export { expect };

export interface Person {
  name: string;
  email: string;
  password: string;
}

export const ANN: Person = { name: 'Ann Archer', email: 'ann@example.org', password: 'a garden full of herbs' };
export const BOB: Person = { name: 'Bob Baker', email: 'bob@example.org', password: 'bread rises in the night' };

/** A server at which people sign in, seen as one of them sees it: by an access token of its own, beside the browser's. */
export class AccountServer {
  readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  get url(): string {
    return this.server.url;
  }

  async register({ name, email, password }: Person): Promise<void> {
    const response = await this.call('POST', '/auth/register', { name, email, password });
    expect(response.status).toBe(204);
  }

  /** As that person, at that path. */
  async as<T>(person: Person, method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.call(method, path, body, await this.token(person));
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** Every message of that person, oldest first. */
  async messagesOf(person: Person): Promise<StoredMessage[]> {
    const { conversations } = await this.as<{ conversations: { id: string }[] }>(person, 'GET', '/conversations?limit=100');
    const pages = await Promise.all(conversations.map(({ id }) => this.as<{ messages: StoredMessage[] }>(person, 'GET', `/conversation/${id}/messages?limit=200`)));
    return pages.flatMap(({ messages }) => messages);
  }

  /** The texts that this person sent. */
  async sentBy(person: Person): Promise<string[]> {
    const messages = await this.messagesOf(person);
    return messages.filter(({ role }) => role === 'user').map(({ content }) => content.map((part) => part.text ?? '').join(''));
  }

  /** Ends every session of the person that a browser has, as from another device. */
  async endSessions(person: Person): Promise<void> {
    const token = await this.token(person);
    const response = await this.call('GET', '/account/sessions', undefined, token);
    const { sessions } = (await response.json()) as { sessions: { id: string; current: boolean }[] };
    for (const { id, current } of sessions) if (!current) await this.call('DELETE', `/account/sessions/${id}`, undefined, token);
  }

  call(method: string, path: string, body?: unknown, token?: string): Promise<Response> {
    const headers = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    return fetch(this.url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  }

  private async token({ email, password }: Person): Promise<string> {
    const response = await this.call('POST', '/auth/sign-in', { email, password });
    if (!response.ok) throw new Error(`sign-in: ${response.status} ${await response.text()}`);
    return ((await response.json()) as { token: string }).token;
  }
}

/** What a person does at the entrance. */
export class Visitor extends Chat {
  readonly accounts: AccountServer;

  constructor(page: Page, accounts: AccountServer) {
    super(page, accounts.server);
    this.accounts = accounts;
  }

  async visit(path = '/'): Promise<void> {
    await this.page.goto(this.accounts.url + path);
  }

  /** Fills in the form of the entrance or of the dialog. */
  async fillIn({ email, password }: Person): Promise<void> {
    await this.page.getByRole('textbox', { name: 'E-mail address' }).fill(email);
    await this.page.getByRole('textbox', { name: 'Password', exact: true }).fill(password);
    await this.page.locator('.account-form').getByRole('button', { name: 'Sign in' }).click();
  }

  async signIn(person: Person): Promise<void> {
    await expect(this.page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await this.fillIn(person);
    await expect(this.composer).toBeVisible();
  }

  /** From the first look at the server to the message box. */
  async arrive(person: Person): Promise<void> {
    await this.visit();
    await this.signIn(person);
  }

  async openSettings(tab: string): Promise<void> {
    await this.page.getByRole('button', { name: 'Settings' }).click();
    await this.page.getByRole('tab', { name: tab }).click();
  }

  get banner() {
    return this.page.locator('.banner', { hasText: 'You are signed out.' });
  }
}

interface Fixtures {
  /** The settings of `[accounts]`. */
  settings: Record<string, string>;
  /** Settings of `[accounts]` that count when Ann and Bob are there. */
  registers: Record<string, string>;
  accounts: AccountServer;
  visitor: Visitor;
  /** Another tab of the same browser. */
  anotherTab: () => Promise<Visitor>;
}

/** Each test has a server with Ann and Bob, and a browser that nobody is signed in at. What the page writes to the console as an error fails the test. */
export const test = base.extend<Fixtures>({
  settings: [{}, { option: true }],
  registers: [{}, { option: true }],
  accounts: async ({ settings, registers }, use) => {
    const server = await Server.create({ accounts: settings });
    const accounts = new AccountServer(server);
    await accounts.register(ANN);
    await accounts.register(BOB);
    if (Object.keys(registers).length > 0) await server.restartWith({ ...settings, ...registers });
    await use(accounts);
    await server.dispose();
  },
  visitor: async ({ page, context, accounts }, use) => {
    const faults = watch(context);
    await use(new Visitor(page, accounts));
    expect(faults, 'errors of the page').toEqual([]);
  },
  anotherTab: async ({ context, accounts }, use) => {
    await use(async () => new Visitor(await context.newPage(), accounts));
  },
});

/** What the pages of a browser write to the console as errors. A refusal of the policy is one. */
function watch(context: BrowserContext): string[] {
  const faults: string[] = [];
  context.on('weberror', (error) => faults.push(error.error().message));
  context.on('console', (message) => {
    // A failed request is written to the console by the browser itself.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) faults.push(message.text());
  });
  return faults;
}
