import { ANN, AccountServer, expect, Visitor } from './people.ts';
import { test } from '../support/test.ts';

test('where nobody signs in, nothing of accounts is asked for or shown', async ({ chat, page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await chat.open();
  await chat.ask('hello');
  expect(asked.filter((path) => path.startsWith('/auth') || /accountParts/.test(path))).toEqual([]);
  await page.getByRole('button', { name: 'Settings' }).click();
  await expect(page.getByRole('tab')).toHaveText(['General', 'Engine']);
  expect(await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name))).toEqual(['manent']);
});

test('what was queued before people signed in stays on the device: in nobody’s name, and not lost', async ({ chat, page, server }) => {
  const away = /\/(message\/append|completion\/|turn)/;
  await chat.open();
  await page.route(away, (route) => route.abort());
  await chat.send('written before');
  await expect(page.getByText('Kept on this device').first()).toBeVisible();

  // From now on people sign in, at the same address.
  await server.restartWith({});
  await page.unroute(away);
  const accounts = new AccountServer(server);
  await accounts.register({ ...ANN, email: 'somebody@example.org', name: 'Somebody' });
  await accounts.register(ANN);
  const visitor = new Visitor(page, accounts);
  await visitor.arrive(ANN);
  await visitor.open();
  await visitor.ask('hello from Ann');
  await expect(page.getByText('written before')).toHaveCount(0);
  expect(await accounts.sentBy(ANN)).toEqual(['hello from Ann']);

  // And back: it is sent as what it was.
  await server.restartLocally();
  await page.reload();
  await expect.poll(async () => JSON.stringify(await server.api('GET', '/search?q=written')), { timeout: 20_000 }).toContain('written');
});
