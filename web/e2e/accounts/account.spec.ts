import { createHmac } from 'node:crypto';
import { ANN, BOB, expect, test } from './people.ts';

/** The code of an authenticator for that many steps of 30 seconds from now. */
function codeOf(secret: string, steps = 0): string {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac('sha1', key).update(counter).digest();
  const place = hash[19]! & 15;
  return String((hash.readUInt32BE(place) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('two-factor sign-in is set up, asked for, passed by both kinds of codes, and turned off', async ({ page, visitor }) => {
  await visitor.arrive(ANN);
  await visitor.openSettings('Account');
  await page.locator('summary', { hasText: 'Two-factor sign-in' }).click();
  await page.getByRole('button', { name: 'Set it up' }).click();
  await expect(page.getByRole('img', { name: /The key as a picture/ })).toBeVisible();
  const secret = await page.getByRole('textbox', { name: 'Key' }).inputValue();
  expect(await page.getByRole('link', { name: 'Open in an app on this device' }).getAttribute('href')).toContain(`secret=${secret}`);
  await page.getByRole('textbox', { name: 'Code from the app' }).fill('000000');
  await page.getByRole('button', { name: 'Turn it on' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'This code is wrong' })).toBeVisible();
  // Each step counts once, and those before and after the present one count, too.
  const used = codeOf(secret);
  await page.getByRole('textbox', { name: 'Code from the app' }).fill(used);
  await page.getByRole('button', { name: 'Turn it on' }).click();
  const backup = await page.getByRole('region', { name: 'Backup codes' }).getByRole('listitem').allInnerTexts();
  expect(backup).toHaveLength(10);
  await page.getByRole('button', { name: 'I have written them down' }).click();
  await expect(page.getByText('10 backup codes are left.')).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();

  await visitor.fillIn(ANN);
  await page.getByRole('textbox', { name: 'Code' }).fill(used);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('alert')).toContainText('was used already');
  await page.getByRole('textbox', { name: 'Code' }).fill(codeOf(secret, 1));
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(visitor.composer).toBeVisible();
  await visitor.openSettings('Account');
  await page.getByRole('button', { name: 'Sign out' }).click();

  await visitor.fillIn(ANN);
  await page.getByRole('button', { name: 'Use a backup code' }).click();
  await page.getByRole('textbox', { name: 'Backup code' }).fill(backup[3]!);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(visitor.composer).toBeVisible();
  await visitor.openSettings('Account');
  await page.locator('summary', { hasText: 'Two-factor sign-in' }).click();
  await expect(page.getByText('9 backup codes are left.')).toBeVisible();
  await page.getByRole('textbox', { name: 'Code from the app, or a backup code' }).fill(backup[4]!);
  await page.getByRole('button', { name: 'Turn it off' }).click();
  await expect(page.getByText('Two-factor sign-in is off.')).toBeVisible();
});

test('name and password are changed, and a session elsewhere is ended', async ({ accounts, page, visitor }) => {
  await visitor.arrive(ANN);
  await visitor.openSettings('Account');
  await page.locator('summary', { hasText: 'Your name' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Ann of the Garden');
  await page.getByRole('button', { name: 'Save the name' }).click();
  await expect(page.getByText('Signed in as Ann of the Garden')).toBeVisible();

  const { token } = (await (await accounts.call('POST', '/auth/sign-in', { email: ANN.email, password: ANN.password })).json()) as { token: string };
  await page.getByRole('tab', { name: 'API keys' }).click();
  await page.getByRole('tab', { name: 'Account' }).click();
  await page.getByRole('button', { name: /^End the session/ }).click();
  await expect(page.getByRole('button', { name: /^End the session/ })).toHaveCount(0);
  expect((await accounts.call('GET', '/account', undefined, token)).status).toBe(401);

  await page.locator('summary', { hasText: 'Password' }).click();
  await page.getByRole('textbox', { name: 'Present password' }).fill('not this one');
  await page.getByRole('textbox', { name: 'New password' }).fill('a greenhouse of glass');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'The present password is wrong.' })).toBeVisible();
  await page.getByRole('textbox', { name: 'Present password' }).fill(ANN.password);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByText('The new password holds. Every other session has ended.')).toBeVisible();
  await page.reload();
  await expect(visitor.composer).toBeVisible();
  expect((await accounts.call('POST', '/auth/sign-in', { email: ANN.email, password: 'a greenhouse of glass' })).status).toBe(200);
});

test('an account is deleted with everything, on the server and on the device', async ({ accounts, page, visitor }) => {
  await visitor.arrive(BOB);
  await visitor.ask('hello');
  await visitor.openSettings('Account');
  await page.locator('summary', { hasText: 'Delete the account' }).click();
  await page.getByRole('textbox', { name: 'Password', exact: true }).last().fill(BOB.password);
  await expect(page.getByRole('button', { name: 'Delete everything' })).toBeDisabled();
  await page.getByRole('checkbox', { name: 'I know that nothing of it comes back' }).check();
  await page.getByRole('button', { name: 'Delete everything' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  expect((await accounts.call('POST', '/auth/sign-in', { email: BOB.email, password: BOB.password })).status).toBe(401);
  expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('@')))).toEqual([]);
});
