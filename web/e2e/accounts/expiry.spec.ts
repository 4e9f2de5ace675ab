import type { Page } from '@playwright/test';
import { ANN, type AccountServer, expect, test } from './people.ts';

test.use({ settings: { access_token_life: '10s' } });

const REFRESH = '**/auth/refresh';

/** The token that the page sent last. */
function watchToken(page: Page): () => string {
  let token = '';
  page.on('request', (request) => {
    token = /^Bearer (.+)$/.exec(request.headers().authorization ?? '')?.[1] ?? token;
  });
  return () => token;
}

/** Waits until the server itself says that the token has ended. */
async function hasEnded(accounts: AccountServer, token: string): Promise<void> {
  await expect.poll(async () => (await accounts.call('GET', '/account', undefined, token)).status, { timeout: 20_000, intervals: [500] }).toBe(401);
}

test('typing and sending go on through the ends of tokens, and each message arrives once', async ({ accounts, page, visitor }) => {
  const token = watchToken(page);
  await visitor.arrive(ANN);
  await visitor.ask('hello one');
  const first = token();
  // A text is begun with one token and finished with the next.
  const renewed = page.waitForResponse(REFRESH, { timeout: 15_000 });
  await visitor.composer.fill('hello two, begun');
  await renewed;
  await hasEnded(accounts, first);
  await visitor.composer.press('End');
  await visitor.composer.pressSequentially(' and finished');
  await visitor.composer.press('Enter');
  await visitor.ended();
  expect(token()).not.toBe(first);
  expect(await accounts.sentBy(ANN)).toEqual(['hello one', 'hello two, begun and finished']);
  await expect(visitor.banner).toHaveCount(0);
});

test('a token that cannot be renewed signs nobody out, and what was written meanwhile arrives once', async ({ accounts, page, visitor }) => {
  const token = watchToken(page);
  await visitor.arrive(ANN);
  await visitor.ask('hello one');
  await page.route(REFRESH, (route) => route.abort());
  await hasEnded(accounts, token());
  await visitor.send('hello two');
  await visitor.send('hello three');
  await expect(page.getByText('Kept on this device').first()).toBeVisible();
  await expect(visitor.banner).toHaveCount(0);
  expect(await accounts.sentBy(ANN)).toEqual(['hello one']);
  await page.unroute(REFRESH);
  await page.getByRole('button', { name: 'Try now' }).click();
  await expect.poll(() => accounts.sentBy(ANN), { timeout: 20_000 }).toEqual(['hello one', 'hello two', 'hello three']);
});

test('a session that ends in the middle loses nothing: signing in again sends what was written, over a reload in the middle of it', async ({ accounts, page, visitor }) => {
  await visitor.arrive(ANN);
  await visitor.ask('hello one');
  await accounts.endSessions(ANN);
  await visitor.send('hello two');
  await expect(visitor.banner).toBeVisible();
  // The message box stays what it was.
  await visitor.send('hello three');
  await visitor.composer.fill('not finished');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await expect(dialog).toBeVisible();
  // The answer to the sign-in never reaches the page that asked for it.
  await page.route('**/auth/sign-in', async (route) => {
    await route.fetch();
    await page.reload();
  });
  await visitor.fillIn(ANN);
  await expect(visitor.composer).toHaveValue('not finished');
  await page.unroute('**/auth/sign-in');
  // The server's cookie came with that answer, and is enough.
  await expect.poll(() => accounts.sentBy(ANN), { timeout: 20_000 }).toEqual(['hello one', 'hello two', 'hello three']);
  await expect(visitor.composer).toHaveValue('not finished');
});
