import type { Page } from '@playwright/test';
import { ANN, BOB, expect, test, type Visitor } from './people.ts';

const CAROL = { name: 'Carol Cook', email: 'carol@example.org', password: 'a pot that is never empty' };

/** What of a link is secret. */
const secretOf = (link: string): string => link.slice(link.indexOf('=') + 1);

/** Opens a link of the server's as it was handed out, and looks that its secret stands nowhere then: not in the address, nor in what was asked of the server. */
async function open(visitor: Visitor, page: Page, link: string): Promise<void> {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url(), JSON.stringify(request.headers())));
  await page.goto(visitor.accounts.url + link.slice(new URL(link).origin.length));
  await expect(page.locator('.account-form')).toBeVisible();
  expect(page.url()).not.toContain(secretOf(link));
  expect(await page.evaluate(() => `${document.referrer}${JSON.stringify(history.state)}${JSON.stringify({ ...localStorage })}`)).not.toContain(secretOf(link));
  expect(asked.filter((text) => text.includes(secretOf(link)))).toEqual([]);
}

test.describe('where one registers by invitation', () => {
  test.use({ registers: { registration: 'invited' } });

  test('a link invites somebody, who is signed in at the end; it works once', async ({ accounts, page, visitor }) => {
    const { link } = await accounts.as<{ link: string }>(ANN, 'POST', '/admin/invitations', {});
    await visitor.visit('/register');
    await expect(page.getByText('Here one registers by invitation.')).toBeVisible();
    await open(visitor, page, link);
    await expect(page.getByText('You are invited to this server.')).toBeVisible();
    await page.getByRole('textbox', { name: 'Name' }).fill(CAROL.name);
    await page.getByRole('textbox', { name: 'E-mail address' }).fill(CAROL.email);
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(CAROL.password);
    await page.getByRole('button', { name: 'Create the account' }).click();
    await expect(visitor.composer).toBeVisible();
    await visitor.ask('hello from Carol');
    expect(await accounts.sentBy(CAROL)).toEqual(['hello from Carol']);

    await open(visitor, page, link);
    await page.getByRole('textbox', { name: 'Name' }).fill('Another');
    await page.getByRole('textbox', { name: 'E-mail address' }).fill('another@example.org');
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(CAROL.password);
    await page.getByRole('button', { name: 'Create the account' }).click();
    await expect(page.getByRole('alert')).toHaveText('This invitation was used already, or has ended.');
  });
});

test('a forgotten password: without mail the page says whom to ask, and a link that was handed out sets a new one', async ({ accounts, page, visitor }) => {
  await visitor.visit();
  await page.getByRole('button', { name: 'Forgotten your password?' }).click();
  await expect(page.getByText('This server sends no mail. Ask whoever runs it for a link')).toBeVisible();
  const link = /https?:\/\/\S+/.exec(await accounts.server.command('user', 'reset-password', BOB.email))![0];
  await open(visitor, page, link);
  await page.getByRole('textbox', { name: 'New password' }).fill('short');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByRole('textbox', { name: 'New password' })).toHaveJSProperty('validity.tooShort', true);
  const changed = { ...BOB, password: 'rye bread in the morning' };
  await page.getByRole('textbox', { name: 'New password' }).fill(changed.password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByText('The new password holds. Sign in with it.')).toBeVisible();
  await visitor.fillIn(BOB);
  await expect(page.getByRole('alert')).toHaveText('The e-mail address or the password is wrong.');
  await visitor.fillIn(changed);
  await expect(visitor.composer).toBeVisible();

  await open(visitor, page, link);
  await page.getByRole('textbox', { name: 'New password' }).fill('yet another password');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByRole('alert')).toHaveText('This link was used already, or has ended. Ask for a new one.');
});
