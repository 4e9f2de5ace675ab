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

test('an answer of which nothing has come yet is waited for after a reload, here and in a second window', async ({ chat, page, context, server }) => {
  await chat.open();
  await chat.ask('hello');
  const second = await context.newPage();
  await second.goto(`${server.url}/c/${chat.conversationId}`);
  await expect(second.locator('article.from-assistant')).toHaveCount(1);
  await page.bringToFront();
  const asked = page.waitForRequest('**/completion/generate');
  await chat.send('hang early');
  const { runId } = (await asked).postDataJSON() as { runId: string };
  await expect.poll(() => server.api<{ status: string }>('GET', `/completion/${runId}/status`).then(({ status }) => status, () => 'unknown')).toBe('running');
  await expect(second.getByLabel('Waiting for the first words')).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('Waiting for the first words')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Get an answer' })).toHaveCount(0);
  await chat.stopButton.click();
  await expect(page.getByRole('button', { name: 'Get an answer' })).toBeVisible();
  await expect(second.getByRole('button', { name: 'Get an answer' })).toBeVisible();
  await expect(chat.answers).toHaveCount(1);
});

test('an answer that the death of the server cut is followed to its end, and goes on from there', async ({ chat, server }) => {
  await chat.open();
  await chat.send('slow 400');
  await expect.poll(() => chat.answers.last().innerText().then((text) => text.length)).toBeGreaterThan(40);
  await chat.stored(2);
  await server.kill();
  await server.start();
  await expect(chat.answers).toContainText('The server stopped in the middle of this answer', { timeout: 20_000 });
  const [, cut] = await chat.stored(2);
  expect(cut).toMatchObject({ status: 'interrupted' });
  await chat.answers.getByRole('button', { name: 'Continue' }).click();
  await chat.ended();
  const messages = await chat.stored(3);
  expect(messages[2]!.parentId).toBe(cut!.parentId);
  expect(messages[2]!.content[0]!.text!.startsWith(cut!.content[0]!.text!)).toBe(true);
  expect(messages[2]).toMatchObject({ status: 'complete' });
});

test('a stop in one window ends the answer in another one that was loaded in the middle of it', async ({ chat, page, context, server }) => {
  await chat.open();
  await chat.send('slow 400');
  await expect.poll(() => chat.answers.last().innerText().then((text) => text.length)).toBeGreaterThan(40);
  await chat.stored(2);
  const second = await context.newPage();
  await second.goto(`${server.url}/c/${chat.conversationId}`);
  await expect(second.getByRole('button', { name: 'Stop the answer' })).toBeVisible();
  await page.bringToFront();
  await page.keyboard.press('Escape');
  await expect(second.locator('article.from-assistant')).toContainText('You stopped this answer.');
  await expect(second.getByRole('button', { name: 'Stop the answer' })).toHaveCount(0);
  expect((await chat.stored(2))[1]).toMatchObject({ status: 'stopped' });
});

test('somebody writes on while the answer of another window is read, and is answered when that has ended', async ({ chat, context, server }) => {
  await chat.open();
  await chat.send('slow 100');
  await expect.poll(() => chat.answers.last().innerText().then((text) => text.length)).toBeGreaterThan(40);
  const second = await context.newPage();
  await second.goto(`${server.url}/c/${chat.conversationId}`);
  await expect(second.getByRole('button', { name: 'Stop the answer' })).toBeVisible();
  const composer = second.getByRole('textbox', { name: 'Your message' });
  await composer.fill('hello');
  await composer.press('Enter');
  await expect(composer).toHaveValue('');
  await expect(second.locator('article.from-user')).toHaveCount(2);
  await expect(second.getByText('The answer is asked for when the one before it has ended.')).toBeVisible();
  await expect(second.locator('article.from-assistant').last()).toContainText('Hello! This is a scripted answer.', { timeout: 20_000 });
  await expect(second.getByRole('button', { name: 'Stop the answer' })).toHaveCount(0);
  const messages = await chat.stored(4);
  expect(messages.map(({ role, status }) => [role, status])).toEqual(['user', 'assistant', 'user', 'assistant'].map((role) => [role, 'complete']));
  expect(messages[2]!.parentId).toBe(messages[1]!.id);
});

test('what is sent before the first word of an answer waits for it, and says so', async ({ chat }) => {
  await chat.open();
  await chat.send('hang early');
  await expect(chat.stopButton).toBeVisible();
  await chat.composer.fill('hello');
  await chat.composer.press('Enter');
  const waiting = chat.page.locator('.waiting-words');
  await expect(waiting).toContainText('This waits for the answer and is sent then.');
  await expect(waiting.getByRole('listitem')).toHaveText(['hello']);
  await expect(chat.composer).toHaveValue('');
  await chat.stopButton.click();
  await expect(waiting).toHaveCount(0);
  await expect(chat.answers).toContainText('Hello! This is a scripted answer.');
  expect((await chat.stored(3)).map(({ role }) => role)).toEqual(['user', 'user', 'assistant']);
});

test('messages that wait are sent each for itself, and can be changed before; a reload keeps their words', async ({ chat, page }) => {
  await chat.open();
  await chat.send('hang early');
  await expect(chat.stopButton).toBeVisible();
  for (const text of ['first', 'second', 'third']) {
    await chat.composer.pressSequentially(text);
    await chat.composer.press('Enter');
  }
  const waiting = page.locator('.waiting-words');
  await expect(waiting.getByRole('listitem')).toHaveText(['first', 'second', 'third']);
  await waiting.getByRole('button', { name: 'Change what waits' }).click();
  await expect(chat.composer).toHaveValue('third');
  await chat.composer.fill('last');
  await chat.composer.press('Enter');
  await page.reload();
  await expect(chat.composer).toHaveValue('first\n\nsecond\n\nlast');
  await expect(chat.stopButton).toBeVisible();
  await chat.composer.fill('first');
  await chat.composer.press('Enter');
  await chat.composer.fill('second');
  await chat.composer.press('Enter');
  await expect(waiting.getByRole('listitem')).toHaveText(['first', 'second']);
  await chat.stopButton.click();
  await expect(waiting).toHaveCount(0);
  expect((await chat.stored(5)).map(({ role }) => role)).toEqual(['user', 'user', 'assistant', 'user', 'assistant']);
});

test('what is sent while the conversation is still being read waits for that, and says so', async ({ chat, page, server }) => {
  const id = await server.conversation('Notes');
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(`**/conversation/${id}/messages*`, async (route) => {
    await held;
    await route.continue();
  });
  await chat.open(`/c/${id}`);
  await chat.composer.fill('hello');
  await chat.composer.press('Enter');
  await expect(page.getByText('This is sent when the conversation is here.')).toBeVisible();
  release();
  await expect(page.locator('.waiting-words')).toHaveCount(0);
  await expect(chat.answers.last()).toContainText('Hello! This is a scripted answer.');
  const messages = await chat.stored(4);
  expect(messages[2]!.parentId).toBe(messages[1]!.id);
});
