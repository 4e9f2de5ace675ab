import { ANN, BOB, expect, test } from './people.ts';

test('a key is shown once, does what it may, and is revoked after a question', async ({ accounts, context, page, visitor }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: accounts.url });
  await visitor.arrive(ANN);
  await visitor.openSettings('API keys');
  await expect(page.getByText('You have no keys.')).toBeVisible();
  await page.getByRole('textbox', { name: 'What is it for?' }).fill('The garden robot');
  await page.getByRole('combobox', { name: 'It ends' }).selectOption('in 30 days');
  await page.getByRole('button', { name: 'Create the key' }).click();
  const secret = await page.getByRole('textbox', { name: 'The new key' }).inputValue();
  expect(secret).toMatch(/^mnt_/);
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Copied', exact: true })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);

  expect((await accounts.call('GET', '/conversations', undefined, secret)).status).toBe(200);
  expect((await accounts.call('POST', '/conversation/create', {}, secret)).status).toBe(403);
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await page.keyboard.press('Escape');
  await visitor.openSettings('API keys');
  const row = page.getByRole('listitem').filter({ hasText: 'The garden robot' });
  await expect(row).toContainText(/read; last used .+, ends /);
  const kept = await page.evaluate(() => document.documentElement.outerHTML + JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(kept).not.toContain(secret);

  await row.getByRole('button', { name: 'Revoke the key “The garden robot”' }).click();
  await row.getByRole('button', { name: 'Keep it' }).click();
  expect((await accounts.call('GET', '/conversations', undefined, secret)).status).toBe(200);
  await row.getByRole('button', { name: 'Revoke the key “The garden robot”' }).click();
  await row.getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect(page.getByText('You have no keys.')).toBeVisible();
  await expect(row).toHaveCount(0);
  expect((await accounts.call('GET', '/conversations', undefined, secret)).status).toBe(401);
});

test('a key for administering is offered to administrators alone', async ({ page, visitor }) => {
  await visitor.arrive(BOB);
  await visitor.openSettings('API keys');
  await expect(page.getByRole('checkbox')).toHaveCount(3);
  await expect(page.getByRole('checkbox', { name: 'administer the server' })).toHaveCount(0);
  await page.getByRole('tab', { name: 'Account' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await visitor.signIn(ANN);
  await visitor.openSettings('API keys');
  await expect(page.getByRole('checkbox', { name: 'administer the server' })).toBeVisible();
});

test('no token of the browser is written anywhere on the device', async ({ page, visitor }) => {
  let token = '';
  page.on('request', (request) => {
    token = /^Bearer (.+)$/.exec(request.headers().authorization ?? '')?.[1] ?? token;
  });
  await visitor.arrive(ANN);
  await visitor.ask('hello');
  expect(token).not.toBe('');
  const kept = await page.evaluate(async () => {
    const stores: unknown[] = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name!);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error as Error);
      });
      for (const store of database.objectStoreNames) {
        stores.push(
          await new Promise((resolve) => {
            const request = database.transaction(store).objectStore(store).getAll();
            request.onsuccess = () => resolve(request.result);
          }),
        );
      }
      database.close();
    }
    return JSON.stringify([stores, { ...localStorage }, { ...sessionStorage }, document.cookie]);
  });
  expect(kept).toContain('hello');
  expect(kept).not.toContain(token);
  expect(kept).not.toContain('refreshToken');
});
