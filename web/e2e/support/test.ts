import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { Server } from './server.ts';

export { expect };

/** What a person does and sees, in the words of the page. */
export class Chat {
  readonly page: Page;
  private readonly server: Server;

  constructor(page: Page, server: Server) {
    this.page = page;
    this.server = server;
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: 'Your message' });
  }

  get stopButton(): Locator {
    return this.page.getByRole('button', { name: 'Stop the answer' });
  }

  get sendButton(): Locator {
    return this.page.getByRole('button', { name: 'Send message' });
  }

  get answers(): Locator {
    return this.page.locator('article.from-assistant');
  }

  get questions(): Locator {
    return this.page.locator('article.from-user');
  }

  get scroller(): Locator {
    return this.page.getByRole('main').getByRole('region', { name: 'Messages' });
  }

  get live(): Locator {
    return this.page.getByTestId('live-region');
  }

  row(title: string): Locator {
    return this.page.locator('.row', { hasText: title });
  }

  async open(path = '/'): Promise<void> {
    await this.page.goto(this.server.url + path);
    await expect(this.composer).toBeVisible();
  }

  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
    await expect(this.questions.last()).toContainText(text);
  }

  /** Sends and waits until the answer has ended. */
  async ask(text: string): Promise<void> {
    await this.send(text);
    await this.ended();
  }

  async ended(): Promise<void> {
    await expect(this.stopButton).toHaveCount(0);
    await expect(this.page.locator('article').last()).toHaveClass(/from-assistant/);
  }

  /** The conversation that is open, by its address. */
  get conversationId(): string {
    return new URL(this.page.url()).pathname.replace('/c/', '');
  }

  /** Waits until the server has that many messages of the open conversation, and gives them. */
  async stored(count: number) {
    await expect.poll(async () => (await this.server.messages(this.conversationId)).length).toBe(count);
    return this.server.messages(this.conversationId);
  }

  async rowAction(title: string, action: string): Promise<void> {
    await this.row(title).hover();
    await this.row(title).getByRole('button', { name: /^Actions for/ }).click();
    await this.page.getByRole('menuitem', { name: action, exact: true }).click();
  }
}

interface Fixtures {
  /** Whether the server has no provider, so that the demonstration answers. */
  demo: boolean;
  server: Server;
  chat: Chat;
}

/** Each test has a server and a store of its own. What the page writes to the console as an error fails the test. */
export const test = base.extend<Fixtures>({
  demo: [false, { option: true }],
  server: async ({ demo }, use) => {
    const server = await Server.create({ demo });
    await use(server);
    await server.dispose();
  },
  chat: async ({ page, server }, use) => {
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // A failed request is written to the console by the browser; the tests of failures look at what the page makes of it.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) faults.push(message.text());
    });
    await use(new Chat(page, server));
    expect(faults, 'errors of the page').toEqual([]);
  },
});
