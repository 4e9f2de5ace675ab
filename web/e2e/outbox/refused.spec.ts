import * as faults from '../support/faults/fault.ts';
import { APPEND, clientSurface, expect, pageSurface, test } from '../support/proof/test.ts';

test.describe('a message that the server refuses for good, client', () => {
  test.use({ surface: clientSurface });

  test('blocks what builds on it and nothing else, and goes with it when it is sent again', async ({ world }) => {
    const { id: other } = await world.server.api('POST', '/conversation/create', { title: 'Another' });
    const tab = await world.openTab();
    const rule = world.network.on(APPEND, faults.emptied(), { times: 1 });
    const refused = await world.write(tab, { parentId: null });
    await world.wasShown(refused.id, 'failed');
    expect(rule.hits).toBe(1);
    const child = await world.write(tab, { parentId: refused.id });
    await world.wasShown(child.id, 'failed');
    await world.write(tab, { conversationId: other });
    await world.write(tab, { parentId: null });
    await world.keptItsPromise({ except: [refused.id, child.id] });
    expect([await world.row(refused.id), await world.row(child.id)]).toEqual([null, null]);

    await tab.page.evaluate(async (id) => (await window.clientPage).persistence.retry(id), refused.id);
    await expect.poll(async () => (await world.row(child.id))?.parentId).toBe(refused.id);
    expect(await world.row(refused.id)).toMatchObject({ parentId: null });
  });

  test('an item over the limits is refused, and the person can send it in another form', async ({ world }) => {
    const tab = await world.openTab();
    const id = crypto.randomUUID();
    const queue = (text: string) =>
      tab.page.evaluate(
        async ([message, conversation]) => (await window.clientPage).persistence.queueMessage(message, conversation),
        [{ id, role: 'user' as const, content: text, parentId: null }, world.conversationId] as const,
      );
    await queue('x'.repeat(300 * 1024));
    await world.wasShown(id, 'failed');
    await world.write(tab, { parentId: null });
    await world.keptItsPromise();
    await tab.page.evaluate(
      async (failed) => (await window.clientPage).persistence.retry(failed, { id: failed, role: 'user', content: 'shorter', parentId: null }),
      id,
    );
    await expect.poll(async () => (await world.row(id))?.content).toEqual([{ type: 'text', text: 'shorter' }]);
  });
});

test.describe('a message that the server refuses for good, page', () => {
  test.use({ surface: pageSurface });

  test('is shown with its reason, blocks only what builds on it, and the person decides', async ({ world }) => {
    const { id: other } = await world.server.api('POST', '/conversation/create', { title: 'Another' });
    const tab = await world.openTab();
    await world.write(tab);
    await world.keptItsPromise();
    world.network.on(APPEND, faults.emptied(), { times: 1, when: (seen) => seen.body.includes('word 2.') });
    const refused = await world.write(tab);
    await world.wasShown(refused.id, 'failed');
    const row = tab.page.locator(`article[data-message-id="${refused.id}"]`);
    await expect(row).toContainText('Not saved:');

    const elsewhere = await world.openTab(other);
    await world.write(elsewhere, { conversationId: other });
    await expect.poll(async () => (await world.server.messages(other)).filter(({ role }) => role === 'user')).toHaveLength(1);
    expect(await world.row(refused.id)).toBeNull();

    await tab.page.bringToFront();
    await row.getByRole('button', { name: 'Send again' }).click();
    await world.keptItsPromise();
  });

  test('because it has lost the conversation goes into a new chat, with what follows it, and is answered there', async ({ world }) => {
    const tab = await world.openTab();
    const { page } = tab;
    await world.write(tab);
    await world.keptItsPromise();
    await world.server.loseEverything();
    const first = await world.write(tab);
    await world.wasShown(first.id, 'failed');
    const row = page.locator(`article[data-message-id="${first.id}"]`);
    // Perhaps it is the answer before it that the server would not take first.
    await expect(row).toContainText('Not saved:');
    await world.write(tab);
    await expect(page.locator('article.from-user').last()).toContainText('Not saved: it follows a message that was not saved.');
    await expect(page.getByRole('button', { name: 'To a new branch' })).toHaveCount(0);
    await row.getByRole('button', { name: 'Into a new chat' }).click();
    await expect(page).not.toHaveURL(new RegExp(world.conversationId));
    await expect(page.locator('article.from-assistant').last()).toContainText('You said: word 3.');
    const conversationId = new URL(page.url()).pathname.replace('/c/', '');
    await expect.poll(async () => (await world.server.messages(conversationId)).map(({ role, content }) => [role, content[0]!.text])).toEqual([
      ['user', 'word 2.'],
      ['user', 'word 3.'],
      ['assistant', 'You said: word 3.'],
    ]);
    await expect(page.getByRole('button', { name: /not saved/ })).toHaveCount(0);
  });
});
