import { test as base } from '@playwright/test';
import { Mailbox } from '../support/mailbox.ts';
import { Server } from '../support/server.ts';
import { AccountServer, ANN, BOB, expect, Visitor } from './people.ts';

/** A server that sends mail, at which Ann has been for long. */
const test = base.extend<{ mailbox: Mailbox; visitor: Visitor }>({
  // oxlint-disable-next-line no-empty-pattern -- the fixture needs no other
  mailbox: async ({}, use) => {
    const mailbox = await Mailbox.open();
    await use(mailbox);
    mailbox.close();
  },
  visitor: async ({ page, mailbox }, use) => {
    const server = await Server.create({ accounts: {} });
    const accounts = new AccountServer(server);
    await accounts.register(ANN);
    await server.restart({ accounts: {}, mail: mailbox.settings });
    await use(new Visitor(page, accounts));
    await server.dispose();
  },
});

test('somebody registers, verifies the address with the link that came by mail, and signs in', async ({ mailbox, page, visitor }) => {
  await visitor.visit('/register');
  await page.getByRole('textbox', { name: 'Name' }).fill(BOB.name);
  await page.getByRole('textbox', { name: 'E-mail address' }).fill(BOB.email);
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(BOB.password);
  await page.getByRole('button', { name: 'Create the account' }).click();
  await expect(page.getByText('We sent you a message with a link; open it, then sign in.')).toBeVisible();
  const first = await mailbox.next(BOB.email);
  expect(first.link).toContain(`${visitor.accounts.url}/verify-email#token=`);
  expect(first.text).not.toContain(BOB.name);

  // Before that nobody gets in with it; another link can be asked for there.
  await visitor.fillIn(BOB);
  await expect(page.getByRole('alert').first()).toHaveText('Your e-mail address is not verified yet. Open the link in the message that you got.');
  await page.getByRole('button', { name: 'Send the link again' }).click();
  await expect(page.getByText('If this address waits for it, a message with a link is on its way.')).toBeVisible();
  const { link } = await mailbox.next(BOB.email);

  await page.goto(link);
  await expect(page.getByText('Your e-mail address is verified.')).toBeVisible();
  expect(page.url()).not.toContain(link.slice(link.indexOf('=') + 1));
  await visitor.signIn(BOB);
  await visitor.ask('hello');
  expect(await visitor.accounts.sentBy(BOB)).toEqual(['hello']);
});

test('a link that verifies works once, and says so', async ({ mailbox, page, visitor }) => {
  await visitor.accounts.register(BOB);
  const { link } = await mailbox.next(BOB.email);
  await page.goto(link);
  await expect(page.getByText('Your e-mail address is verified.')).toBeVisible();
  await page.goto('about:blank');
  await page.goto(link);
  await expect(page.getByRole('alert')).toHaveText('This link was used already, or has ended. Sign in: if your address is not verified yet, you can ask for another link there.');
});

test('a forgotten password is set anew with a link that came by mail', async ({ mailbox, page, visitor }) => {
  await visitor.visit();
  await page.getByRole('button', { name: 'Forgotten your password?' }).click();
  await page.getByRole('textbox', { name: 'E-mail address' }).fill(ANN.email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByText('If there is an account with this address, a message with a link is on its way.')).toBeVisible();
  const { link } = await mailbox.next(ANN.email);
  await page.goto(link);
  const changed = { ...ANN, password: 'tomatoes along the wall' };
  await page.getByRole('textbox', { name: 'New password' }).fill(changed.password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByText('The new password holds. Sign in with it.')).toBeVisible();
  await visitor.fillIn(changed);
  await expect(visitor.composer).toBeVisible();
});
