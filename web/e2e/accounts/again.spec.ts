import { ANN, BOB, expect, test } from './people.ts';

test('signing in again is a dialog over the page, and everything goes on by itself', async ({ accounts, page, visitor }) => {
  await visitor.arrive(ANN);
  await visitor.ask('hello one');
  await page.evaluate(() => Object.assign(window, { __stayed: true }));
  await accounts.endSessions(ANN);
  await visitor.send('hello two');
  await expect(visitor.banner).toBeVisible();
  await visitor.composer.fill('a half');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await visitor.fillIn({ ...ANN, password: 'not this one' });
  await expect(dialog.getByRole('alert')).toHaveText('The e-mail address or the password is wrong.');
  await visitor.fillIn(ANN);
  await expect(dialog).toHaveCount(0);
  await expect(visitor.banner).toHaveCount(0);
  await expect.poll(() => accounts.sentBy(ANN)).toEqual(['hello one', 'hello two']);
  await expect(visitor.composer).toHaveValue('a half');
  expect(await page.evaluate(() => '__stayed' in window)).toBe(true);
});

test('two tabs share one session: its end, the next sign-in, and signing out', async ({ accounts, anotherTab, page, visitor }) => {
  await visitor.arrive(ANN);
  const other = await anotherTab();
  await other.open();
  await other.ask('hello from the other');
  await visitor.ask('hello from the first');
  const { sessions } = await accounts.as<{ sessions: { label: string | null }[] }>(ANN, 'GET', '/account/sessions');
  expect(sessions.filter(({ label }) => label?.includes('Chrome'))).toHaveLength(1);

  await accounts.endSessions(ANN);
  await visitor.send('hello after the end');
  await expect(visitor.banner).toBeVisible();
  await other.page.bringToFront();
  await other.send('hello after the end, there');
  await expect(other.banner).toBeVisible();
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await other.fillIn(ANN);
  for (const tab of [other, visitor]) await expect(tab.banner).toHaveCount(0);
  await expect.poll(async () => (await accounts.sentBy(ANN)).toSorted()).toEqual(['hello after the end', 'hello after the end, there', 'hello from the first', 'hello from the other']);

  await other.openSettings('Account');
  await other.page.getByRole('button', { name: 'Sign out' }).click();
  for (const { page: tab } of [other, { page }]) await expect(tab.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.bringToFront();
  await visitor.fillIn(ANN);
  for (const tab of [visitor, other]) await expect(tab.composer).toBeVisible();
});

test("what somebody could not send is neither another person's nor lost", async ({ accounts, page, visitor }) => {
  await visitor.arrive(ANN);
  await visitor.ask('hello');
  await accounts.endSessions(ANN);
  await visitor.send('the secret of Ann');
  await expect(visitor.banner).toBeVisible();
  await visitor.composer.fill('a draft of Ann');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await visitor.fillIn(BOB);

  await expect(page.getByText('What is on your mind?')).toBeVisible();
  await expect(visitor.composer).toHaveValue('');
  await expect(page.getByText(/secret of Ann|draft of Ann|hello/)).toHaveCount(0);
  await visitor.ask('hello from Bob');
  expect(await accounts.sentBy(BOB)).toEqual(['hello from Bob']);
  expect(await accounts.sentBy(ANN)).toEqual(['hello']);

  await visitor.openSettings('Account');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await visitor.signIn(ANN);
  await expect.poll(() => accounts.sentBy(ANN), { timeout: 20_000 }).toEqual(['hello', 'the secret of Ann']);
  expect(await accounts.sentBy(BOB)).toEqual(['hello from Bob']);
  await visitor.row('hello').first().click();
  await expect(visitor.composer).toHaveValue('a draft of Ann');
});

for (const [choice, arrives] of [
  ['Sign out and keep them', true],
  ['Sign out and throw them away', false],
] as const) {
  test(`signing out asks about what is not sent: ${choice}`, async ({ accounts, page, visitor }) => {
    await visitor.arrive(ANN);
    await visitor.ask('hello');
    // Else they would be among what is not sent.
    await expect.poll(async () => (await accounts.messagesOf(ANN)).length).toBe(2);
    const away = /\/(message\/append|completion\/)/;
    await page.route(away, (route) => route.abort());
    await visitor.send('not sent yet');
    await visitor.composer.fill('a draft');
    await visitor.openSettings('Account');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByRole('alert').filter({ hasText: '1 message and 1 draft on this device are not sent.' })).toBeVisible();
    await page.getByRole('button', { name: 'Stay signed in' }).click();
    await page.keyboard.press('Escape');
    await expect(visitor.composer).toHaveValue('a draft');
    await visitor.openSettings('Account');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: choice }).click();
    await page.unroute(away);
    await visitor.signIn(ANN);
    // Something that is sent later tells that nothing else is to come.
    await visitor.ask('hello again');
    if (arrives) await expect.poll(async () => (await accounts.sentBy(ANN)).toSorted(), { timeout: 20_000 }).toEqual(['hello', 'hello again', 'not sent yet']);
    else expect((await accounts.sentBy(ANN)).toSorted()).toEqual(['hello', 'hello again']);
    await visitor.row('hello').last().click();
    await expect(visitor.composer).toHaveValue(arrives ? 'a draft' : '');
  });
}

test('without the server nobody is signed out by halves', async ({ page, visitor }) => {
  await visitor.arrive(ANN);
  await page.route('**/auth/sign-out', (route) => route.abort());
  await visitor.openSettings('Account');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Without it this browser would stay signed in' })).toBeVisible();
  await page.reload();
  await expect(visitor.composer).toBeVisible();
});
