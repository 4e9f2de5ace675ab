import { ANN, BOB, expect, test } from './people.ts';

test('somebody signs in, writes, reloads without a password, and signs out', async ({ accounts, page, visitor }) => {
  await visitor.arrive(ANN);
  await visitor.ask('hello');
  expect(await accounts.sentBy(ANN)).toEqual(['hello']);
  await page.reload();
  await expect(visitor.questions).toHaveText(/hello/);
  await visitor.openSettings('Account');
  await expect(page.getByText(`Signed in as ${ANN.name} (${ANN.email}).`)).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  // Nothing of what was there is on this device any more.
  expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('manent.titles')))).toEqual([]);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByText('hello')).toHaveCount(0);
  expect(await accounts.sentBy(BOB)).toEqual([]);
});

test('a wrong password is told in a sentence, whoever has an account', async ({ page, visitor }) => {
  await visitor.visit();
  for (const email of [ANN.email, 'nobody@example.org']) {
    await visitor.fillIn({ ...ANN, email, password: 'something else' });
    await expect(page.getByRole('alert')).toHaveText('The e-mail address or the password is wrong.');
  }
});

test('what is not filled in rightly is told in a sentence, and what was typed stays for the sign-in', async ({ page, visitor }) => {
  await visitor.visit('/register');
  await page.getByRole('textbox', { name: 'Name' }).fill('Ann again');
  const email = page.getByRole('textbox', { name: 'E-mail address' });
  await email.fill('ann@example');
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill('another password');
  await page.getByRole('button', { name: 'Create the account' }).click();
  await expect(page.getByRole('alert')).toHaveText('This is no e-mail address. One looks like name@example.org.');
  await email.fill(ANN.email);
  await page.getByRole('button', { name: 'Create the account' }).click();
  await expect(page.getByText('If this address had no account yet, it has one now. Sign in with your password.')).toBeVisible();
  await expect(email).toHaveValue(ANN.email);
  await expect(page.getByRole('textbox', { name: 'Password', exact: true })).toBeFocused();
});

test('the palette leads to the account', async ({ page, visitor }) => {
  await visitor.arrive(ANN);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('sign out');
  await page.keyboard.press('Enter');
  await expect(page.getByText(`Signed in as ${ANN.name}`)).toBeVisible();
});

test('the first look shows the way in at once, and asks for nothing that is somebody’s', async ({ page, visitor }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await visitor.visit();
  await expect(page.getByRole('textbox', { name: 'E-mail address' })).toBeFocused();
  const paths = asked.filter((line) => !/ \/(?:assets\/|appearance\.js|icon|apple-touch|manifest)/.test(line));
  expect(paths).toEqual(['GET /', 'GET /auth/options', 'POST /auth/refresh']);
});
