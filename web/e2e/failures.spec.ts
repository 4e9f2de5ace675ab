import { expect, test } from './support/test.ts';

test('an error in mid-stream keeps what came and says what happened', async ({ chat, page }) => {
  await chat.open();
  await chat.ask('fail late');
  await expect(chat.answers).toContainText('One two three');
  await expect(chat.answers).toContainText('This answer is not whole: the model provider is overloaded.');
  const messages = await chat.stored(2);
  expect(messages[1]).toMatchObject({ status: 'failed' });
  expect(messages[1]!.content.at(-1)).toMatchObject({ type: 'error', code: 'provider_overloaded' });
  await page.reload();
  await expect(chat.answers).toContainText('This answer is not whole: the model provider is overloaded.');
});

test('an error before the first byte is said in words', async ({ chat }) => {
  await chat.open();
  await chat.ask('fail auth');
  await expect(chat.answers).toContainText('No answer came: the model provider refused the API key.');
  await expect(chat.answers.getByRole('button', { name: 'Continue' })).toHaveCount(0);
});

test('an answer at the length limit says so and offers to continue', async ({ chat }) => {
  await chat.open();
  await chat.ask('cut');
  await expect(chat.answers).toContainText('The answer reached its length limit.');
  await expect(chat.answers.getByRole('button', { name: 'Continue' })).toBeVisible();
});

test('a stop before the first word leaves the question and a way to ask again', async ({ chat, page }) => {
  await chat.open();
  await chat.send('hang early');
  await expect(chat.stopButton).toBeVisible();
  await chat.stopButton.click();
  await expect(page.getByText('You stopped before the answer began.')).toBeVisible();
  await expect(chat.answers).toHaveCount(0);
  const messages = await chat.stored(1);
  expect(messages[0]!.role).toBe('user');
  await page.reload();
  await expect(page.getByRole('button', { name: 'Get an answer' })).toBeVisible();
});

test('with the server away one can go on; back again, everything is stored in order', async ({ chat, page, server }) => {
  await chat.open();
  await chat.ask('hello');
  await chat.stored(2);
  await server.kill();
  await chat.send('said while the server was away');
  await expect(page.getByText('The server cannot be reached. You can go on reading and writing')).toBeVisible();
  await expect(chat.answers.last()).toContainText('The answer is asked for when the server is back.');
  await expect(chat.questions.last()).toContainText('Not saved yet');
  await expect(page.locator('.banner').getByText(/Next try in \d+ second/)).toBeVisible();
  const mark = chat.row('hello').getByRole('img', { name: 'Has messages that are not saved yet' });
  await expect(mark).toBeVisible();

  const probe = page.waitForRequest('**/healthz');
  await page.getByRole('button', { name: 'Try now' }).click();
  await probe;

  await server.start();
  // As when the person comes back to the window: the page looks at once instead of waiting for its next try.
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await expect(page.getByText('The server cannot be reached. You can go on')).toHaveCount(0);
  const messages = await chat.stored(4);
  expect(messages[2]!.content[0]!.text).toBe('said while the server was away');
  await expect(chat.questions.last()).not.toContainText('Not saved yet');
  await expect(mark).toHaveCount(0);
  await chat.ended();
  await expect(chat.answers.last()).toContainText('You said: said while the server was away');
});

test('a server that dies in mid-answer leaves the partial answer, and it is stored when the server is back', async ({ chat, page, server }) => {
  await chat.open();
  await chat.send('slow 400');
  await expect.poll(() => chat.answers.last().innerText().then((text) => text.length)).toBeGreaterThan(40);
  await chat.stored(2);
  await server.kill();
  await expect(page.getByText('The server cannot be reached. You can go on reading and writing')).toBeVisible();
  await expect(chat.answers.last()).toContainText('The connection is lost.');
  await server.start();
  await expect(chat.answers.last()).toContainText('The server stopped in the middle of this answer, so it is not whole.', { timeout: 20_000 });
  const messages = await chat.stored(2);
  expect(messages[1]).toMatchObject({ status: 'interrupted', parentId: messages[0]!.id });
  await page.reload();
  await expect(chat.answers.last()).toContainText('The server stopped in the middle of this answer, so it is not whole.');
});

test('a conversation that does not exist is said in words', async ({ page, server, chat }) => {
  await page.goto(`${server.url}/c/01900000-0000-7000-8000-000000000000`);
  await expect(page.getByText('This conversation does not exist, or not any more.')).toBeVisible();
  await page.getByRole('main').getByRole('button', { name: 'New chat' }).click();
  await expect(chat.composer).toBeVisible();
});

test('the answer never waits for the store, and the question is stored when the store answers again', async ({ chat, page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/message/append', async (route) => {
    await held;
    await route.continue();
  });
  await chat.open();
  await chat.ask('hello');
  await expect(chat.answers).toContainText('Hello! This is a scripted answer.');
  await expect(chat.questions).toContainText('Saving…');
  release();
  await chat.stored(2);
  await expect(chat.questions).not.toContainText('Saving…');
});

test('a refused message says so and can be sent again', async ({ chat, page }) => {
  await page.route('**/message/append', (route) => route.fulfill({ status: 413, json: { type: 'about:blank', title: 'Too Large', status: 413, code: 'message_too_large', detail: 'Too large.', traceId: 't' } }), { times: 1 });
  await chat.open();
  await chat.send('hello');
  await expect(chat.questions).toContainText('Not saved: the message is too long.');
  await chat.ended();
  await chat.questions.getByRole('button', { name: 'Send again' }).click();
  await expect(chat.questions).not.toContainText('Not saved');
  const messages = await chat.stored(2);
  expect(messages.map((message) => message.role)).toEqual(['user', 'assistant']);
});

test('an answer that only the journal of the server has is told as such until it is stored', async ({ chat, page }) => {
  const events = [
    'id: 1.1\nevent: start\ndata: {"provider":"scripted","model":"scripted-test"}',
    'id: 1.2\nevent: delta\ndata: {"type":"text","text":"Kept for later."}',
    'id: 1.3\nevent: done\ndata: {"finishReason":"stop","status":"complete","logged":false,"persisted":false,"journalPosition":17}',
  ];
  await page.route('**/completion/generate', (route) => route.fulfill({ contentType: 'text/event-stream', body: `${events.join('\n\n')}\n\n` }));
  let isDown = true;
  await page.route('**/message/append', (route) =>
    isDown ? route.fulfill({ status: 503, json: { status: 503, code: 'store_unavailable', detail: 'Away.' } }) : route.continue(),
  );
  await chat.open();
  await chat.ask('hello');
  await expect(chat.answers).toContainText('In the server’s journal');
  isDown = false;
  await chat.stored(2);
  await expect(chat.answers).not.toContainText('In the server’s journal');
});
