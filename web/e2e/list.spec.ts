import { expect, test } from './support/test.ts';

test('search finds titles at once and messages with the words marked, and leads to them', async ({ chat, page, server }) => {
  await server.conversation('Plan the garden', 'Which tomatoes are early?', 'The early ones are called Matina.');
  await server.conversation('Letter to the landlord');
  await chat.open();
  await expect(chat.row('Plan the garden')).toBeVisible();
  const search = page.getByRole('searchbox', { name: 'Search conversations and messages' });
  await page.getByText('What is on your mind?').click();
  await page.keyboard.press('/');
  await search.fill('gard');
  await expect(page.locator('.search-results .hit-title mark').first()).toHaveText(/gard/i);
  await search.fill('Matina');
  const hit = page.locator('.hit', { hasText: 'Matina' });
  await expect(hit.locator('mark')).toHaveText('Matina');
  await hit.click();
  await expect(chat.answers).toContainText('The early ones are called Matina.');
  await search.press('Escape');
  await expect(chat.row('Letter to the landlord')).toBeVisible();
});

test('a title is renamed, also on the server', async ({ chat, page, server }) => {
  const id = await server.conversation('Old title');
  await chat.open();
  await chat.rowAction('Old title', 'Rename');
  const field = page.getByRole('textbox', { name: 'Title of the conversation' });
  await expect(field).toBeFocused();
  await field.fill('New title');
  await field.press('Enter');
  await expect(chat.row('New title')).toBeVisible();
  await expect.poll(async () => (await server.api('GET', `/conversation/${id}`)).title).toBe('New title');
  expect((await server.api('GET', `/conversation/${id}`)).titleSource).toBe('user');
});

test('pinned conversations stand on top', async ({ chat, page, server }) => {
  await server.conversation('The older one');
  await server.conversation('The newer one');
  await chat.open();
  await expect(page.locator('.row').first()).toContainText('The newer one');
  await chat.rowAction('The older one', 'Pin');
  await expect(page.getByRole('region', { name: 'Pinned' }).locator('.row')).toHaveText(/The older one/);
  await expect(page.locator('.row').first()).toContainText('The older one');
  await page.reload();
  await expect(page.getByRole('region', { name: 'Pinned' }).locator('.row')).toHaveText(/The older one/);
});

test('archiving takes out of the list, with undo and an archive', async ({ chat, page, server }) => {
  await server.conversation('For later');
  await chat.open();
  await chat.rowAction('For later', 'Archive');
  await expect(chat.row('For later')).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(chat.row('For later')).toBeVisible();
  await chat.rowAction('For later', 'Archive');
  await expect(chat.row('For later')).toHaveCount(0);
  await page.getByRole('button', { name: 'Archive', exact: true }).click();
  await expect(chat.row('For later')).toBeVisible();
  await chat.rowAction('For later', 'Take out of the archive');
  await page.getByRole('button', { name: 'Back to the conversations' }).click();
  await expect(chat.row('For later')).toBeVisible();
});

test('deleting can be undone from the toast and from the trash', async ({ chat, page, server }) => {
  const id = await server.conversation('Not needed');
  await chat.open(`/c/${id}`);
  await expect(chat.answers).toBeVisible();
  await chat.rowAction('Not needed', 'Delete');
  await expect(chat.row('Not needed')).toHaveCount(0);
  await expect(page.getByText('What is on your mind?')).toBeVisible();
  await expect.poll(async () => (await server.api('GET', `/conversation/${id}`)).trashedAt).not.toBeNull();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(chat.row('Not needed')).toBeVisible();
  await expect(chat.answers).toBeVisible();
  await expect.poll(async () => (await server.api('GET', `/conversation/${id}`)).trashedAt).toBeNull();

  await chat.rowAction('Not needed', 'Delete');
  await page.getByRole('button', { name: 'Trash', exact: true }).click();
  await chat.row('Not needed').getByRole('link').click();
  await expect(page.getByText('This conversation is in the trash.')).toBeVisible();
  await page.getByRole('main').getByRole('button', { name: 'Restore' }).click();
  await expect(page.getByText('This conversation is in the trash.')).toHaveCount(0);
  await expect(page.locator('.toast')).toHaveText(['“Not needed” is back.']);
  await page.getByRole('button', { name: 'Back to the conversations' }).click();
  await expect(chat.row('Not needed')).toBeVisible();
});

test('with the keys alone, the focus goes on in the list when a conversation is taken out', async ({ chat, page, server }) => {
  for (const title of ['Third', 'Second', 'First']) await server.conversation(title);
  await chat.open();
  await chat.row('First').getByRole('link').focus();
  await page.keyboard.press('Delete');
  await expect(chat.row('Second').getByRole('link')).toBeFocused();

  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Rename' })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitem', { name: 'Pin' })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitem', { name: 'Archive' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(chat.row('Third').getByRole('link')).toBeFocused();
});

test('a notice lies over no part of the composer', async ({ chat, page, server }) => {
  await server.conversation('A conversation with a title that is somewhat longer than others');
  await chat.open();
  await chat.rowAction('A conversation', 'Archive');
  const notice = page.locator('.toast');
  const clear = async () => {
    const [of, at] = [await notice.boundingBox(), await page.locator('.composer').boundingBox()];
    return of!.x + of!.width <= at!.x || of!.y + of!.height <= at!.y;
  };
  await notice.hover();
  expect(await clear()).toBe(true);
  await page.getByRole('button', { name: 'Hide the conversations' }).click();
  await expect.poll(clear).toBe(true);
  await page.setViewportSize({ width: 390, height: 800 });
  await expect.poll(clear).toBe(true);
});

test('a long list loads on while it is scrolled', async ({ chat, page, server }) => {
  for (let index = 0; index < 75; index += 1) await server.conversation(`Conversation ${index}`);
  await chat.open();
  await expect(chat.row('Conversation 74')).toBeVisible();
  await expect(page.getByText('Conversation 2', { exact: true })).toHaveCount(0);
  await page.getByRole('button', { name: 'Show more' }).scrollIntoViewIfNeeded();
  await expect(page.getByText('Conversation 2', { exact: true })).toBeAttached();
});

test('a long conversation opens at its end and loads older messages on the way up', async ({ chat, page, server }) => {
  const { id } = await server.api<{ id: string }>('POST', '/conversation/create', { title: 'Long' });
  for (let batch = 0; batch < 5; batch += 1) {
    await server.api('POST', '/message/append', {
      messages: Array.from({ length: 100 }, (_, index) => ({ conversationId: id, role: index % 2 ? 'assistant' : 'user', content: `Message ${batch * 100 + index}` })),
    });
  }
  await chat.open(`/c/${id}`);
  await expect(page.getByText('Message 499', { exact: true })).toBeInViewport();
  expect(await page.locator('article').count()).toBeLessThan(60);
  await chat.scroller.focus();
  await expect
    .poll(async () => {
      await page.keyboard.press('Home');
      return page.getByText('Message 0', { exact: true }).isVisible();
    })
    .toBe(true);
  await page.getByRole('button', { name: 'Go to the end' }).click();
  await expect(page.getByText('Message 499', { exact: true })).toBeInViewport();
  await expect.poll(() => chat.scroller.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)).toBeLessThan(2);
});

test('a search leads to a message far up in a long conversation, also on another branch', async ({ chat, page, server }) => {
  const { id } = await server.api('POST', '/conversation/create', { title: 'Long' });
  const append = (messages: object[]) => server.api<{ results: { id: string }[] }>('POST', '/message/append', { messages });
  const first = await append([
    { conversationId: id, role: 'user', content: 'The beginning' },
    { conversationId: id, role: 'assistant', content: 'A quokka stands on the first branch.' },
  ]);
  await append([{ conversationId: id, role: 'assistant', parentId: first.results[0]!.id, content: 'The second branch.' }]);
  for (let batch = 0; batch < 3; batch += 1) {
    await append(Array.from({ length: 100 }, (_, index) => ({ conversationId: id, role: index % 2 ? 'assistant' : 'user', content: batch === 0 && index === 10 ? 'A wombat sits here.' : `Message ${batch * 100 + index}` })));
  }
  await chat.open();
  await page.getByRole('searchbox').fill('wombat');
  await page.locator('.hit', { hasText: 'wombat' }).click();
  await expect(chat.questions.getByText('A wombat sits here.')).toBeInViewport();
  await page.getByRole('searchbox').fill('quokka');
  await page.locator('.hit', { hasText: 'quokka' }).click();
  await expect(chat.answers.getByText('A quokka stands on the first branch.')).toBeInViewport();
});
