import * as faults from '../support/faults/fault.ts';
import { appended } from '../support/faults/seen.ts';
import { en } from '../../src/strings/en.ts';
import { pageTab } from '../support/proof/pageSurface.ts';
import { APPEND, expect, pageSurface, test } from '../support/proof/test.ts';

test.use({ surface: pageSurface });

const GENERATE = '/completion/generate';

test.describe('offline', () => {
  test('the page opens, shows what was read, takes what is written, and sends it in order when the network is back', async ({ world }) => {
    const tab = await world.openTab();
    await world.write(tab);
    await expect(tab.page.locator('article.from-assistant')).toContainText('You said: word 1.');
    await tab.page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await world.network.goOffline();
    await tab.page.reload();
    await expect(tab.page.locator('article.from-user')).toContainText('word 1.');
    await expect(tab.page.locator('article.from-assistant')).toContainText('You said: word 1.');
    const first = await world.write(tab);
    await world.wasShown(first.id, 'waiting');
    await world.write(tab);
    await tab.page.reload();
    await expect(tab.page.locator('article.from-user')).toHaveCount(3);
    await expect(tab.page.locator('article.from-user').last()).toContainText('word 3.');
    await world.write(tab);
    await world.network.goOnline();
    await tab.tryNow();
    await world.keptItsPromise();
    // The answer to the last of them is asked for by itself.
    await expect(tab.page.locator('article.from-assistant').last()).toContainText('You said: word 4.');
  });

  test('the page opens also when the device has lost it meanwhile, as soon as the server was there again', async ({ world }) => {
    const tab = await world.openTab();
    const { page } = tab;
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await world.network.goOffline();
    const devtools = await world.context.newCDPSession(page);
    await devtools.send('Storage.clearDataForOrigin', { origin: world.network.url, storageTypes: 'all' });
    await world.write(tab);
    await expect(page.locator('.banner.away')).toBeVisible();
    await world.network.goOnline();
    await tab.tryNow();
    const isKept = () =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.getRegistration();
        const files = ['/', ...[...document.querySelectorAll<HTMLScriptElement>('script[src]')].map(({ src }) => src)];
        const kept = await Promise.all(files.map((file) => caches.match(file)));
        return registration?.active?.state === 'activated' && registration.installing === null && kept.every((file) => file !== undefined);
      });
    await expect.poll(isKept).toBe(true);
    await world.network.goOffline();
    await page.reload();
    await expect(page.getByRole('textbox', { name: en.composer.label })).toBeVisible();
  });

  test('a new chat can be begun, and is there with everything in it afterwards', async ({ world }) => {
    const page = await world.context.newPage();
    await page.goto(world.network.url);
    const tab = await pageTab(page);
    await world.network.goOffline();
    const first = await world.write(tab);
    await expect(page).toHaveURL(/\/c\//);
    const conversationId = new URL(page.url()).pathname.replace('/c/', '');
    for (const written of [first, await world.write(tab), await world.write(tab)]) written.conversationId = conversationId;
    await world.wasShown(first.id, 'waiting');
    await world.network.goOnline();
    await tab.tryNow();
    await world.keptItsPromise();
  });

  test('a queued message can be edited and another one taken back', async ({ world }) => {
    const tab = await world.openTab();
    const { page } = tab;
    const rule = world.network.on(APPEND, faults.dropRequest());
    await world.write(tab);
    // From now on only the first one is tried; what is behind it never leaves the device.
    await rule.met(3);
    const kept = await world.write(tab);
    const withdrawn = await world.write(tab);
    await world.wasShown(withdrawn.id, 'waiting');
    const row = (id: string) => page.locator(`article[data-message-id="${id}"]`);
    await row(kept.id).hover();
    await row(kept.id).getByRole('button', { name: en.thread.edit, exact: true }).click();
    await expect(page.getByText(en.saves.edits.replace)).toBeVisible();
    const editor = page.getByRole('textbox', { name: en.thread.editLabel });
    await editor.fill('said in other words');
    await editor.press('Enter');
    await expect(row(kept.id)).toContainText('said in other words');
    kept.text = 'said in other words';
    await row(withdrawn.id).locator('.save-mark').click();
    await page.getByRole('button', { name: en.saves.withdraw, exact: true }).click();
    await expect.poll(() => world.shown.statesOf(withdrawn.id).at(-1)).toMatch(/^(failed|gone)$/);
    rule.lift();
    await tab.tryNow();
    await world.keptItsPromise({ except: [withdrawn.id] });
    expect(await world.row(withdrawn.id)).toBeNull();
  });

  test('a message that may have been sent can be written anew, and the editor says what becomes of that', async ({ world }) => {
    const tab = await world.openTab();
    const { page } = tab;
    const rule = world.network.on(APPEND, faults.dropAnswer());
    const first = await world.write(tab);
    await rule.met();
    await world.wasShown(first.id, 'waiting');
    const row = page.locator(`article[data-message-id="${first.id}"]`);
    await row.hover();
    await row.getByRole('button', { name: en.thread.edit, exact: true }).click();
    await expect(page.getByText(en.saves.edits.version)).toBeVisible();
    await page.getByRole('textbox', { name: en.thread.editLabel }).fill('said in other words');
    await page.getByRole('textbox', { name: en.thread.editLabel }).press('Enter');
    rule.lift();
    await tab.tryNow();
    const said = async () => (await world.server.messages(world.conversationId)).filter(({ role }) => role === 'user').map(({ content }) => content[0]!.text);
    await expect.poll(said, { timeout: 20_000 }).toEqual(['word 1.', 'said in other words']);
  });

  test('what is taken back by the keyboard leaves the focus in the message box, and its notice covers nothing that helps', async ({ world }) => {
    const tab = await world.openTab();
    const { page } = tab;
    await page.setViewportSize({ width: 390, height: 760 });
    await world.write(tab);
    await world.keptItsPromise();
    await world.network.goOffline();
    await world.context.setOffline(true);
    const written = await world.write(tab);
    await world.wasShown(written.id, 'waiting');
    await page.locator(`article[data-message-id="${written.id}"]`).getByRole('button', { name: en.saves.takeBack, exact: true }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByText(en.saves.withdrawnToast)).toBeVisible();
    await expect(page.getByRole('textbox', { name: en.composer.label })).toBeFocused();
    const toast = (await page.locator('.toast').boundingBox())!;
    for (const helpful of ['.banner.away', '.composer', '.header']) {
      const { y, height } = (await page.locator(helpful).boundingBox())!;
      expect([helpful, toast.y + toast.height <= y || y + height <= toast.y]).toEqual([helpful, true]);
    }
    await expect(page.getByRole('button', { name: en.tray.takenBack(1) })).toHaveClass(/quiet/);
    await world.context.setOffline(false);
    await world.network.goOnline();
    await tab.tryNow();
    await world.keptItsPromise({ except: [written.id] });
  });

  test('what is written while the browser knows that it is offline can still be edited', async ({ world }) => {
    const tab = await world.openTab();
    await world.context.setOffline(true);
    const written = await world.write(tab);
    await world.wasShown(written.id, 'waiting');
    const row = tab.page.locator(`article[data-message-id="${written.id}"]`);
    await row.hover();
    await row.getByRole('button', { name: en.thread.edit, exact: true }).click();
    await expect(tab.page.getByText(en.saves.edits.replace)).toBeVisible();
    const editor = tab.page.getByRole('textbox', { name: en.thread.editLabel });
    await editor.fill('said in other words');
    await editor.press('Enter');
    await expect(row).toContainText('said in other words');
    written.text = 'said in other words';
    await world.context.setOffline(false);
    await world.keptItsPromise();
  });
});

test.describe('an answer', () => {
  test('that was running when the tab died is picked up again by the next one', async ({ world }) => {
    const tab = await world.openTab();
    await tab.write('long');
    const answer = tab.page.locator('article.from-assistant');
    await expect.poll(async () => (await answer.innerText()).length).toBeGreaterThan(40);
    await tab.page.close();
    const next = await world.openTab();
    await expect(next.page.getByRole('button', { name: 'Stop the answer' })).toBeVisible();
    await expect(next.page.getByRole('button', { name: 'Stop the answer' })).toHaveCount(0, { timeout: 20_000 });
    expect((await world.server.messages(world.conversationId)).map(({ role, status }) => [role, status])).toEqual([
      ['user', 'complete'],
      ['assistant', 'complete'],
    ]);
    await expect(next.page.locator('article.from-assistant')).toHaveCount(1);
  });

  test('that was running when the browser was killed is picked up again, and was asked for once', async ({ world }) => {
    const tab = await world.openTab();
    await tab.write('long');
    await expect.poll(async () => (await tab.page.locator('article.from-assistant').innerText()).length).toBeGreaterThan(40);
    await world.profile.kill();
    await world.startBrowser();
    const next = await world.openTab();
    await expect(next.page.locator('article.from-assistant')).toHaveCount(1);
    await expect.poll(async () => (await world.server.messages(world.conversationId)).map(({ status }) => status), { timeout: 20_000 }).toEqual(['complete', 'complete']);
    expect(new Set(world.network.requests(GENERATE).map((seen) => (JSON.parse(seen.body) as { runId: string }).runId)).size).toBe(1);
  });

  test('is kept although no tab ever comes back', async ({ world }) => {
    const tab = await world.openTab();
    const asked = world.network.on(GENERATE, faults.hold({}), { times: 1 });
    await tab.write('long');
    await asked.met();
    await expect.poll(async () => (await world.server.messages(world.conversationId)).length).toBe(2);
    await world.profile.kill();
    await expect.poll(async () => (await world.server.messages(world.conversationId)).map(({ status }) => status), { timeout: 20_000 }).toEqual(['complete', 'complete']);
  });

  test('whose stream ends without an end is read on, and the model is not asked twice', async ({ world }) => {
    const tab = await world.openTab();
    world.network.on(GENERATE, faults.cut(3), { times: 1 });
    await tab.write('hello');
    await expect(tab.page.locator('article.from-assistant')).toContainText('Hello! This is a scripted answer.');
    await expect(tab.page.getByRole('button', { name: 'Stop the answer' })).toHaveCount(0);
    const rows = await world.server.messages(world.conversationId);
    expect(rows.map(({ role, status, content }) => [role, status, content.map(({ text }) => text)])).toEqual([
      ['user', 'complete', ['hello']],
      ['assistant', 'complete', ['Hello! This is a scripted answer.']],
    ]);
    expect(new Set(world.network.requests(GENERATE).map((seen) => (JSON.parse(seen.body) as { runId: string }).runId)).size).toBe(1);
  });

  test('that the network cuts does not keep anyone from writing on', async ({ world }) => {
    const tab = await world.openTab();
    await tab.write('long');
    await expect.poll(async () => (await tab.page.locator('article.from-assistant').innerText()).length).toBeGreaterThan(40);
    await world.network.goOffline();
    await expect(tab.page.locator('.banner.away')).toContainText('You can go on reading and writing');
    const { id } = await world.write(tab);
    await world.wasShown(id, 'waiting');
    await world.network.goOnline();
    await tab.tryNow();
    await expect.poll(async () => (await world.server.messages(world.conversationId)).map(({ role, status }) => [role, status]), { timeout: 20_000 }).toEqual([
      ['user', 'complete'],
      ['assistant', 'complete'],
      ['user', 'complete'],
      ['assistant', 'complete'],
    ]);
  });

  test('whose asking was lost on the way is asked for again by itself, under the same run', async ({ world }) => {
    const tab = await world.openTab();
    const rule = world.network.on(GENERATE, faults.dropAnswer());
    await tab.write('hello');
    await rule.met();
    rule.lift();
    await expect(tab.page.locator('article.from-assistant')).toContainText('Hello! This is a scripted answer.', { timeout: 20_000 });
    await expect.poll(async () => (await world.server.messages(world.conversationId)).map(({ role, status }) => [role, status])).toEqual([
      ['user', 'complete'],
      ['assistant', 'complete'],
    ]);
  });
});

test('one trace runs from the message through its conversation and its answer', async ({ world }) => {
  const page = await world.context.newPage();
  await page.goto(world.network.url);
  const tab = await pageTab(page);
  const { id } = await world.write(tab);
  await expect(page.locator('article.from-assistant')).toContainText('You said: word 1.');
  const answered = () => world.network.requests(APPEND).filter((seen) => appended(seen).messages.some((message) => message.parentId === id));
  await expect.poll(answered).not.toEqual([]);
  const written = world.network.requests(APPEND).filter((seen) => appended(seen).messages.some((message) => message.id === id));
  const generate = world.network.requests(GENERATE);
  const create = world.network.requests('/conversation/create').filter(({ body }) => body.includes(new URL(page.url()).pathname.replace('/c/', '')));
  for (const requests of [create, written, generate]) expect(requests).not.toEqual([]);
  const [trace] = written.map(({ headers }) => headers.traceparent);
  expect(trace).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
  expect([...create, ...generate, ...answered()].map(({ headers }) => headers.traceparent)).toEqual([...create, ...generate, ...answered()].map(() => trace));
});
