import { AXE, expectAccessible } from '../support/accessible.ts';
import { ANN, expect, test } from './people.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in ${colorScheme} colours`, () => {
    // Colours are measured once they stand still.
    test.use({ colorScheme, contextOptions: { reducedMotion: 'reduce' }, bypassCSP: true });

    test('axe finds nothing serious on any view about accounts', async ({ accounts, page, visitor }) => {
      await page.addInitScript({ path: AXE });
      await visitor.visit();
      await visitor.fillIn({ ...ANN, password: 'not this one' });
      await expect(page.getByRole('alert')).toContainText('wrong');
      await expectAccessible(page, 'sign in');
      for (const [way, back] of [
        ['Create an account', 'I have an account'],
        ['Forgotten your password?', 'Back'],
      ] as const) {
        await page.getByRole('button', { name: way }).click();
        await expectAccessible(page, way);
        await page.getByRole('button', { name: back }).click();
      }
      await visitor.signIn(ANN);
      await visitor.openSettings('Account');
      await expect(page.getByText('this browser')).toBeVisible();
      await expect(page.locator('summary')).toHaveCount(4);
      for (const part of await page.locator('summary').all()) await part.click();
      await page.getByRole('button', { name: 'Set it up' }).click();
      await expect(page.getByRole('img', { name: /The key as a picture/ })).toBeVisible();
      await expectAccessible(page, 'account');
      await page.getByRole('tab', { name: 'API keys' }).click();
      await page.getByRole('textbox', { name: 'What is it for?' }).fill('The garden robot');
      await page.getByRole('button', { name: 'Create the key' }).click();
      await expect(page.getByRole('textbox', { name: 'The new key' })).toBeVisible();
      await page.getByRole('button', { name: /^Revoke the key/ }).click();
      await expectAccessible(page, 'keys');
      await page.keyboard.press('Escape');
      await accounts.endSessions(ANN);
      await visitor.send('hello');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect(page.getByRole('dialog', { name: 'Sign in again' }).getByRole('textbox', { name: 'E-mail address' })).toBeVisible();
      await expectAccessible(page, 'sign in again');
    });
  });
}

test('the keyboard alone is enough to come in, to come in again, and to leave', async ({ accounts, page, visitor }) => {
  await visitor.visit();
  await expect(page.getByRole('textbox', { name: 'E-mail address' })).toBeFocused();
  await page.keyboard.type(ANN.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(ANN.password);
  await page.keyboard.press('Enter');
  await expect(visitor.composer).toBeFocused();
  await page.keyboard.type('hello');
  await page.keyboard.press('Enter');
  await visitor.ended();

  await accounts.endSessions(ANN);
  await page.keyboard.type('hello again');
  await page.keyboard.press('Enter');
  await expect(visitor.banner).toBeVisible();
  await expect(visitor.composer).toBeFocused();
  await visitor.banner.getByRole('button', { name: 'Sign in' }).focus();
  await page.keyboard.press('Enter');
  // Who it was is known: the password is all that is asked for.
  await expect(page.getByRole('textbox', { name: 'E-mail address' })).toHaveValue(ANN.email);
  await expect(page.getByRole('textbox', { name: 'Password', exact: true })).toBeFocused();
  await page.keyboard.type(ANN.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect.poll(() => accounts.sentBy(ANN)).toEqual(['hello', 'hello again']);

  await page.getByRole('button', { name: `Account of ${ANN.name}` }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign out' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'E-mail address' })).toBeFocused();
});

test('nothing about accounts is wider than a small phone', async ({ page, visitor }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  const overflow = () => page.evaluate(() => Math.max(...[document.documentElement, ...document.querySelectorAll('dialog')].map((element) => element.scrollWidth - element.clientWidth)));
  await visitor.visit();
  await expect(page.getByRole('textbox', { name: 'E-mail address' })).toBeVisible();
  expect(await overflow()).toBe(0);
  await visitor.signIn(ANN);
  await page.getByRole('button', { name: 'Show the conversations' }).click();
  await visitor.openSettings('Account');
  await expect(page.getByText('this browser')).toBeVisible();
  await expect(page.locator('summary')).toHaveCount(4);
  for (const part of await page.locator('summary').all()) await part.click();
  expect(await overflow()).toBe(0);
  await page.getByRole('tab', { name: 'API keys' }).click();
  await expect(page.getByText('You have no keys.')).toBeVisible();
  expect(await overflow()).toBe(0);
});
