import { expect, test } from './support/test.ts';

test('an answer goes on when the page is reloaded in the middle of it', async ({ chat, page }) => {
  await chat.open();
  await chat.send('long');
  await expect.poll(() => chat.answers.last().innerText().then((text) => text.length)).toBeGreaterThan(40);
  const id = chat.conversationId;
  await page.reload();
  await expect(chat.stopButton).toBeVisible();
  await chat.ended();
  const messages = await chat.stored(2);
  expect(chat.conversationId).toBe(id);
  expect(messages[1]).toMatchObject({ status: 'complete', parentId: messages[0]!.id });
  await expect(chat.answers).toHaveCount(1);
});

test('an answer is whole in the store although the page was closed', async ({ chat, page, server }) => {
  await chat.open();
  await chat.send('long');
  await expect.poll(() => chat.answers.last().innerText().then((text) => text.length)).toBeGreaterThan(40);
  const id = chat.conversationId;
  await page.close();
  await expect.poll(async () => (await server.messages(id)).map((message) => message.status), { timeout: 20_000 }).toEqual(['complete', 'complete']);
});

test('a second window shows what is said in the first, while it is written', async ({ chat, page, context, server }) => {
  await chat.open();
  await chat.ask('hello');
  const second = await context.newPage();
  await second.goto(`${server.url}/c/${chat.conversationId}`);
  await expect(second.locator('article.from-assistant')).toHaveCount(1);
  await page.bringToFront();
  await chat.send('long');
  await expect(second.locator('article.from-user').last()).toContainText('long');
  await expect(second.getByRole('button', { name: 'Stop the answer' })).toBeVisible();
  await second.getByRole('button', { name: 'Stop the answer' }).click();
  await chat.ended();
  const messages = await chat.stored(4);
  expect(messages[3]).toMatchObject({ status: 'stopped' });
});
