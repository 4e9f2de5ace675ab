import { test as base } from '@playwright/test';
import { OpenIdProvider } from '../support/openIdProvider.ts';
import { Server } from '../support/server.ts';
import { AccountServer, expect, Visitor } from './people.ts';

const ADA = { sub: 'ada', email: 'ada@example.org', name: 'Ada Lovelace' };
const EVE = { sub: 'eve', email: 'eve@example.org', name: 'Eve Elder' };

/** A provider, a server that trusts it, and a browser that nobody is signed in at. */
const test = base.extend<{ automatic: boolean; provider: OpenIdProvider; visitor: Visitor }>({
  automatic: [false, { option: true }],
  // oxlint-disable-next-line no-empty-pattern -- the fixture needs no other
  provider: async ({}, use) => {
    const provider = await OpenIdProvider.start();
    await use(provider);
    await provider.stop();
  },
  visitor: async ({ page, provider, automatic }, use) => {
    const server = await Server.create({ oidc: { ...provider.settings, automatic } });
    await use(new Visitor(page, new AccountServer(server)));
    await server.dispose();
  },
});

test('somebody signs in at the provider, comes back to where they were, and leaves there too', async ({ page, provider, visitor }) => {
  await provider.next(ADA);
  await visitor.visit();
  await expect(page.getByText('At this server you sign in with your provider.')).toBeVisible();
  await page.getByRole('link', { name: 'Sign in with the Garden Club' }).click();
  await visitor.ask('hello');
  const place = page.url();
  await page.reload();
  await expect(visitor.questions).toHaveText(/hello/);
  await visitor.openSettings('Account');
  await expect(page.getByText('Signed in as Ada Lovelace (ada@example.org).')).toBeVisible();
  await expect(page.locator('summary', { hasText: 'Password' })).toHaveCount(0);

  // The session ends elsewhere, and the next sign-in comes back to the same conversation, with what was typed and what was kept.
  const token = page.waitForRequest((request) => request.headers().authorization !== undefined);
  await page.reload();
  const { authorization } = (await token).headers();
  const listed = await fetch(`${visitor.accounts.url}/account/sessions`, { headers: { authorization: authorization! } });
  const { sessions } = (await listed.json()) as { sessions: { id: string }[] };
  await fetch(`${visitor.accounts.url}/account/sessions/${sessions[0]!.id}`, { method: 'DELETE', headers: { authorization: authorization! } });
  await visitor.send('hello again');
  await expect(visitor.banner).toBeVisible();
  await visitor.composer.fill('a half');
  await visitor.banner.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Sign in with the Garden Club' }).click();
  await expect(visitor.questions).toHaveText([/hello/, /hello again/]);
  await expect(page.getByText(/Kept on this device/)).toHaveCount(0);
  await expect(visitor.composer).toHaveValue('a half');
  expect(page.url()).toBe(place);

  await visitor.composer.fill('');
  await visitor.openSettings('Account');
  await page.getByRole('button', { name: 'Sign out' }).click();
  // The provider asks on a page of its own.
  await page.getByRole('button', { name: /sign me out/i }).click();
  await expect(page.getByText('You are signed out.')).toBeVisible();
  // The provider knows nobody any more either: it asks anew, and somebody else comes.
  await provider.next(EVE);
  await page.getByRole('link', { name: 'Sign in with the Garden Club' }).click();
  await expect(page.getByText('What is on your mind?')).toBeVisible();
  await visitor.openSettings('Account');
  await expect(page.getByText('Signed in as Eve Elder (eve@example.org).')).toBeVisible();
});

test('a provider that says no is told in a sentence, and the address is clean', async ({ page, provider, visitor }) => {
  await provider.next({ error: 'access_denied' });
  await visitor.visit();
  await page.getByRole('link', { name: 'Sign in with the Garden Club' }).click();
  await expect(page.getByRole('alert')).toHaveText('Your provider did not let you in, or you stopped there.');
  expect(new URL(page.url()).search).toBe('');
});

test.describe('where the page goes to the provider by itself', () => {
  test.use({ automatic: true });

  test('it does so at the first look, and not after signing out or a refusal', async ({ page, provider, visitor }) => {
    await provider.next(ADA);
    await visitor.visit();
    await expect(visitor.composer).toBeVisible();
    await visitor.openSettings('Account');
    await page.getByRole('button', { name: 'Sign out' }).click();
    // The provider asks on a page of its own.
    await page.getByRole('button', { name: /sign me out/i }).click();
    await expect(page.getByText('You are signed out.')).toBeVisible();
    await expect(page.getByRole('link', { name: 'Sign in with the Garden Club' })).toBeVisible();
    await provider.next({ error: 'access_denied' });
    await page.getByRole('link', { name: 'Sign in with the Garden Club' }).click();
    await expect(page.getByRole('alert')).toContainText('Your provider did not let you in');
  });
});
