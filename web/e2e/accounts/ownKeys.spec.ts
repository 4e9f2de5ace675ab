import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test as base } from '@playwright/test';
import { AXE, expectAccessible } from '../support/accessible.ts';
import { Server } from '../support/server.ts';
import { AccountServer, ANN, expect, Visitor } from './people.ts';

/** A provider that answers whoever has the right key, and counts who asked with which. */
class Provider {
  readonly asked: string[] = [];
  private readonly server: HttpServer;

  private constructor() {
    this.server = createServer((request, response) => {
      request.resume();
      this.asked.push(request.headers.authorization ?? '');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'With your own key.' }, finish_reason: 'stop' }] })}\n\n`);
      response.end('data: [DONE]\n\n');
    });
  }

  static async start(): Promise<Provider> {
    const provider = new Provider();
    provider.server.listen(0, '127.0.0.1');
    await once(provider.server, 'listening');
    return provider;
  }

  /** The lines of a configuration that has it as the only one. */
  get configuration(): string {
    const { port } = this.server.address() as AddressInfo;
    return `[[providers]]\nid = "garden"\nkind = "openai"\nbase_url = "http://127.0.0.1:${port}/v1"\napi_key = "user_provided"\nmodels = ["rose"]\n`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const test = base.extend<{ provider: Provider; visitor: Visitor }>({
  // oxlint-disable-next-line no-empty-pattern -- the fixture needs no other
  provider: async ({}, use) => {
    const provider = await Provider.start();
    await use(provider);
    provider.stop();
  },
  visitor: async ({ page, provider }, use) => {
    const server = await Server.create({ accounts: {}, providers: provider.configuration });
    const accounts = new AccountServer(server);
    await accounts.register(ANN);
    await use(new Visitor(page, accounts));
    await server.dispose();
  },
});

test('an answer that wants a key of one’s own leads to where it is stored, and comes then; the key is never shown again', async ({ page, provider, visitor }) => {
  await page.addInitScript({ path: AXE });
  await visitor.arrive(ANN);
  await visitor.ask('hello');
  await expect(visitor.answers.last()).toContainText('No answer came: this provider wants a key of your own. Store one, then try again.');
  expect(provider.asked).toEqual([]);

  await visitor.answers.last().getByRole('button', { name: 'Store a key' }).click();
  const form = page.getByRole('form', { name: 'Key for garden' });
  await expect(form.getByText('no key yet')).toBeVisible();
  await expectAccessible(page, 'keys for models');
  await form.getByRole('textbox', { name: 'Key for garden' }).fill('sk-of-ann');
  await form.getByRole('combobox', { name: 'The key ends' }).selectOption('in 30 days');
  await form.getByRole('button', { name: 'Store the key' }).click();
  await expect(form.getByText('The key is stored.')).toBeVisible();
  await expect(form.getByText(/a key is there, until /)).toBeVisible();
  await page.keyboard.press('Escape');
  await visitor.answers.last().locator('.cut-actions').getByRole('button', { name: 'Regenerate' }).click();
  await expect(visitor.answers.last()).toContainText('With your own key.');
  expect(provider.asked).toEqual(['Bearer sk-of-ann']);
  expect(await page.evaluate(() => document.documentElement.outerHTML + JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain('sk-of-ann');

  await visitor.openSettings('Account');
  await page.locator('summary', { hasText: 'Your keys for models' }).click();
  await page.getByRole('button', { name: 'Delete the key for garden' }).click();
  await expect(page.getByText('The key is deleted.')).toBeVisible();
  await expect(page.getByText('no key yet')).toBeVisible();
});
