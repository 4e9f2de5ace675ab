import { expect, test } from './support/test.ts';

test('Esc stops an answer; what came is kept, says so, and can be continued', async ({ chat, page }) => {
  await chat.open();
  await chat.send('slow 400');
  await expect.poll(() => chat.answers.last().innerText().then((text) => text.length)).toBeGreaterThan(40);
  await page.keyboard.press('Escape');
  await expect(page.getByText('You stopped this answer.')).toBeVisible();
  const messages = await chat.stored(2);
  expect(messages[1]).toMatchObject({ status: 'stopped', parentId: messages[0]!.id });
  const partial = messages[1]!.content.find((part) => part.type === 'text')!.text!;
  expect(partial.length).toBeGreaterThan(20);

  await page.getByRole('button', { name: 'Continue' }).click();
  await chat.ended();
  const [, , continued] = await chat.stored(3);
  expect(continued).toMatchObject({ parentId: messages[0]!.id, status: 'complete' });
  const whole = continued!.content.find((part) => part.type === 'text')!.text!;
  expect(whole.startsWith(partial)).toBe(true);
  expect(whole.length).toBeGreaterThan(partial.length);
});

test('regenerating makes a branch, and the switcher goes between the versions', async ({ chat, page }) => {
  await chat.open();
  await chat.ask('hello');
  const answer = chat.answers.last();
  await answer.hover();
  await answer.getByRole('button', { name: 'Regenerate' }).click();
  await expect(page.getByRole('group', { name: 'Version 2 of 2' })).toBeVisible();
  await chat.ended();
  const messages = await chat.stored(3);
  expect(messages.slice(1).map((message) => message.parentId)).toEqual([messages[0]!.id, messages[0]!.id]);

  await page.getByRole('button', { name: 'Previous version' }).click();
  await expect(page.getByRole('group', { name: 'Version 1 of 2' })).toBeVisible();
  await expect(page.locator(`[data-message-id="${messages[1]!.id}"]`)).toBeVisible();
  await expect(page.locator(`[data-message-id="${messages[2]!.id}"]`)).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('group', { name: 'Version 2 of 2' })).toBeVisible();
});

test('with the keys alone, the focus stays where one can go on', async ({ chat, page }) => {
  await chat.open();
  await chat.ask('hello');
  await chat.answers.last().getByRole('button', { name: 'Regenerate' }).focus();
  await page.keyboard.press('Enter');
  await expect(chat.composer).toBeFocused();
  await chat.ended();
  await expect(page.getByRole('group', { name: 'Version 2 of 2' })).toBeVisible();

  const previous = page.getByRole('button', { name: 'Previous version' });
  const next = page.getByRole('button', { name: 'Next version' });
  await previous.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('group', { name: 'Version 1 of 2' })).toBeVisible();
  await expect(next).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('group', { name: 'Version 2 of 2' })).toBeVisible();
  await expect(previous).toBeFocused();
});

test('an edited question is a branch with its own answer; the old wording stays', async ({ chat, page }) => {
  await chat.open();
  await chat.ask('first wording');
  await chat.composer.press('ArrowUp');
  const editor = page.getByRole('textbox', { name: 'Edit your message' });
  await expect(editor).toBeFocused();
  await editor.fill('second wording');
  await editor.press('Enter');
  await expect(chat.questions).toHaveText(/second wording/);
  await chat.ended();
  await expect(chat.answers).toContainText('You said: second wording');
  const messages = await chat.stored(4);
  expect(messages.map((message) => message.parentId)).toEqual([null, messages[0]!.id, null, messages[2]!.id]);

  await page.getByRole('button', { name: 'Previous version' }).click();
  await expect(chat.questions).toHaveText(/first wording/);
  await expect(chat.answers).toContainText('You said: first wording');
});

test('Up brings the last question into view, even when its answer fills the page', async ({ chat, page }) => {
  await chat.open();
  await chat.ask('markdown');
  await expect(chat.questions.first()).not.toBeInViewport();
  await chat.composer.press('ArrowUp');
  const editor = page.getByRole('textbox', { name: 'Edit your message' });
  await expect(editor).toBeFocused();
  await expect(editor).toBeInViewport({ ratio: 1 });
  await editor.press('Escape');
  await expect(editor).toHaveCount(0);
  await expect(chat.composer).toBeFocused();
});

test('the next message goes on from the branch that is shown', async ({ chat, page }) => {
  await chat.open();
  await chat.ask('one');
  await chat.answers.last().hover();
  await chat.answers.last().getByRole('button', { name: 'Regenerate' }).click();
  await expect(page.getByRole('group', { name: 'Version 2 of 2' })).toBeVisible();
  await chat.ended();
  await page.getByRole('button', { name: 'Previous version' }).click();
  await expect(page.getByRole('group', { name: 'Version 1 of 2' })).toBeVisible();
  await chat.ask('two');
  const messages = await chat.stored(5);
  expect(messages[3]!.parentId).toBe(messages[1]!.id);
  await page.reload();
  await expect(page.getByRole('group', { name: 'Version 1 of 2' })).toBeVisible();
  await expect(chat.questions.last()).toContainText('two');
});
