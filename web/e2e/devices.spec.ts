import { expect, test } from './support/test.ts';

test('what other devices do with conversations shows in the list', async ({ chat, page, server }) => {
  const kept = await server.conversation('Plan the garden');
  const gone = await server.conversation('Old notes');
  await chat.open();
  await expect(chat.row('Old notes')).toBeVisible();
  const { id: made } = await server.api('POST', '/conversation/create', { title: 'Made elsewhere' });
  await expect(chat.row('Made elsewhere')).toBeVisible();
  await server.api('PATCH', `/conversation/${kept}`, { title: 'Plan the park' });
  await expect(chat.row('Plan the park')).toBeVisible();
  await expect(chat.row('Plan the garden')).toHaveCount(0);
  await server.api('DELETE', `/conversation/${gone}`);
  await expect(chat.row('Old notes')).toHaveCount(0);
  await chat.row('Made elsewhere').click();
  await server.api('DELETE', `/conversation/${made}`);
  await expect(page.getByText('This conversation is in the trash.')).toBeVisible();
});

test('what another device says, edits and deletes shows where it stands', async ({ chat, server }) => {
  const id = await server.conversation('Trip', 'Where to?', 'To the sea.');
  await chat.open(`/c/${id}`);
  await expect(chat.answers).toContainText('To the sea.');
  const [question, answer] = await server.messages(id);
  const change = (item: object) => server.api('POST', '/message/append', { messages: [{ conversationId: id, ...item }] });
  await change({ type: 'edit', id: crypto.randomUUID(), messageId: question!.id, content: 'Where shall we go?' });
  await expect(chat.questions).toContainText('Where shall we go?');
  await expect(chat.questions).toContainText('Edited');
  await change({ type: 'delete', id: crypto.randomUUID(), messageId: answer!.id });
  await expect(chat.answers).toHaveText('This answer was deleted.');
  await change({ role: 'user', parentId: answer!.id, content: 'turn' });
  await expect(chat.questions.last()).toContainText('turn');
  await expect(chat.answers).toHaveText('This answer was deleted.');
  await change({ type: 'undelete', id: crypto.randomUUID(), messageId: answer!.id });
  await expect(chat.answers).toContainText('To the sea.');
});

test('a deleted message is not sent to the model', async ({ chat, page, server }) => {
  const id = await server.conversation('Secrets', 'My secret lies in the old mill.', 'I keep it.');
  const [question] = await server.messages(id);
  await server.api('POST', '/message/append', { messages: [{ type: 'delete', id: crypto.randomUUID(), conversationId: id, messageId: question!.id }] });
  await chat.open(`/c/${id}`);
  await expect(chat.questions).toContainText('This message was deleted.');
  const request = page.waitForRequest('**/completion/generate');
  await chat.ask('What was it?');
  expect((await request).postData()).not.toContain('old mill');
});

test('what was said while the server was away from this window is there when it is back', async ({ chat, page, server }) => {
  const id = await server.conversation('Trip', 'Where to?', 'To the sea.');
  await chat.open(`/c/${id}`);
  await expect(chat.answers).toContainText('To the sea.');
  // The window hears nothing: neither of the restart nor of what is said after it, until it may connect again.
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/\/(feed|healthz|conversations?)\b/, async (route) => {
    await held;
    await route.continue();
  });
  await server.kill();
  await server.start();
  await server.api('POST', '/message/append', { messages: [{ conversationId: id, role: 'user', content: 'And when?' }] });
  await expect(chat.questions).toHaveCount(1);
  release();
  await expect(chat.questions.last()).toContainText('And when?');
});

test('two devices that send at the same moment keep both messages as branches', async ({ chat, page, browser, server }) => {
  await chat.open();
  await chat.ask('hello');
  const other = await browser.newContext();
  const second = await other.newPage();
  await second.goto(`${server.url}/c/${chat.conversationId}`);
  await expect(second.locator('article.from-assistant')).toHaveCount(1);
  // The second device does not hear of the first in time.
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/message/append', async (route) => {
    await held;
    await route.continue();
  });
  await page.bringToFront();
  await chat.send('from the first');
  await second.getByRole('textbox', { name: 'Your message' }).fill('from the second');
  await second.getByRole('textbox', { name: 'Your message' }).press('Enter');
  await expect(second.locator('article.from-assistant').last()).toContainText('You said: from the second');
  release();
  await chat.ended();
  const messages = await chat.stored(6);
  const said = messages.filter((message) => message.role === 'user').map((message) => message.content[0]!.text);
  expect(said.toSorted()).toEqual(['from the first', 'from the second', 'hello']);
  // Each goes on with what it said itself, and has the other one's beside it.
  await expect(chat.questions.last()).toContainText('from the first');
  await expect(chat.questions.last()).toContainText('/2');
  await expect(second.locator('article.from-user').last()).toContainText('from the second');
  await expect(second.locator('article.from-user').last()).toContainText('/2');
  await other.close();
});

test('a window goes on hearing of changes when the server was ended and is back', async ({ chat, page, server }) => {
  await server.conversation('Trip');
  const heard = page.waitForResponse('**/feed*');
  await chat.open();
  await heard;
  await server.end();
  await server.start();
  await server.conversation('Said after the restart');
  await expect(chat.row('Said after the restart')).toBeVisible();
});
