import { expect, test } from './support/test.ts';

test('a first chat is shown, answered, stored and still there after a reload', async ({ chat, page }) => {
  await chat.open();
  await expect(page.getByText('What is on your mind?')).toBeVisible();
  await chat.ask('hello');
  await expect(chat.answers).toHaveText(/Hello! This is a scripted answer\./);
  await expect(page).toHaveURL(/\/c\/[0-9a-f-]{36}$/);
  await expect(chat.row('hello')).toBeVisible();

  const [question, answer] = await chat.stored(2);
  expect(question).toMatchObject({ role: 'user', parentId: null, status: 'complete', content: [{ type: 'text', text: 'hello' }] });
  expect(answer).toMatchObject({ role: 'assistant', parentId: question!.id, status: 'complete', model: 'scripted-test' });

  await page.reload();
  await expect(chat.questions).toHaveText(/hello/);
  await expect(chat.answers).toHaveText(/Hello! This is a scripted answer\./);
});

test('what was said is sent along, and the next turn hangs below the last', async ({ chat }) => {
  await chat.open();
  await chat.ask('hello');
  await chat.ask('turn');
  await expect(chat.answers.last()).toContainText('This is turn 2 with the model scripted-test.');
  const messages = await chat.stored(4);
  expect(messages.map((message) => message.parentId)).toEqual([null, messages[0]!.id, messages[1]!.id, messages[2]!.id]);
});

test('an answer streams, the view follows it, and reading further up is left in peace', async ({ chat, page }) => {
  await chat.open();
  await chat.send('pace 900');
  const words = () => chat.answers.last().innerText().then((text) => text.length);
  await expect.poll(words).toBeGreaterThan(200);
  const early = await words();
  await expect(chat.stopButton).toBeVisible();
  await expect.poll(words).toBeGreaterThan(early);
  await expect.poll(() => chat.scroller.evaluate((element) => element.scrollHeight > element.clientHeight + 200)).toBe(true);
  await expect.poll(() => chat.scroller.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)).toBeLessThan(50);

  await chat.scroller.hover();
  await page.mouse.wheel(0, -300);
  const newBelow = page.getByRole('button', { name: 'New below' });
  await expect(newBelow).toBeVisible();
  const top = await chat.scroller.evaluate((element) => element.scrollTop);
  const before = await words();
  await expect.poll(words).toBeGreaterThan(before + 100);
  expect(await chat.scroller.evaluate((element) => element.scrollTop)).toBe(top);

  await newBelow.click();
  await expect.poll(() => chat.scroller.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)).toBeLessThan(50);
  await page.keyboard.press('Escape');
});

test('nothing jumps: the layout shift of a start and an answer stays below 0.02', async ({ chat, page }) => {
  await page.addInitScript(() => {
    const total = { value: 0 };
    Object.assign(window, { layoutShift: total });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) if (!entry.hadRecentInput) total.value += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await chat.open();
  await chat.ask('markdown');
  await page.reload();
  await expect(chat.answers).toBeVisible();
  await expect(page.locator('.katex').first()).toBeVisible();
  expect(await page.evaluate(() => (window as unknown as { layoutShift: { value: number } }).layoutShift.value)).toBeLessThan(0.02);
});

test('reasoning is folded and tells its duration', async ({ chat, page }) => {
  await chat.open();
  await chat.ask('think');
  const toggle = page.getByRole('button', { name: /^Thought for/ });
  await expect(toggle).toHaveAttribute('aria-expanded', 'false');
  await expect(page.getByText('Then I weigh two answers.')).toHaveCount(0);
  await toggle.click();
  await expect(page.getByText('Then I weigh two answers.')).toBeVisible();
  const messages = await chat.stored(2);
  expect(messages[1]!.content.map((part) => part.type)).toEqual(['reasoning', 'text']);
});

test('Markdown becomes headings, tables, code with colours and a copy button, lists and formulas', async ({ chat, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await chat.open();
  await chat.ask('markdown');
  const answer = chat.answers.last();
  await expect(answer.getByRole('heading', { name: 'A heading' })).toBeVisible();
  await expect(answer.getByRole('cell', { name: 'Pear' })).toBeVisible();
  await expect(answer.locator('.katex-display')).toBeVisible();
  await expect(answer.locator('code .hljs-keyword').first()).toHaveText('fn');
  await expect(answer.getByRole('link', { name: 'link' })).toHaveAttribute('href', 'https://example.org/page');
  await answer.getByRole('button', { name: 'Copy code' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('println!("Hello, <world> & all");');
});

test('Shift+Enter breaks the line, and drafts stay with their conversation', async ({ chat, page, server }) => {
  const id = await server.conversation('An older one');
  await chat.open();
  await chat.composer.fill('first line');
  await chat.composer.press('Shift+Enter');
  await chat.composer.pressSequentially('second line');
  await expect(chat.composer).toHaveValue('first line\nsecond line');
  await chat.row('An older one').getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(id));
  await expect(chat.composer).toHaveValue('');
  await page.getByRole('button', { name: 'New chat' }).click();
  await expect(chat.composer).toHaveValue('first line\nsecond line');
  await page.reload();
  await expect(chat.composer).toHaveValue('first line\nsecond line');
});

test('the live region speaks finished sentences, never pieces', async ({ chat, page }) => {
  await page.addInitScript(() => {
    const spoken: string[] = [];
    Object.assign(window, { spoken });
    addEventListener('DOMContentLoaded', () => {
      new MutationObserver(() => {
        const text = document.querySelector('[data-testid=live-region]')?.textContent ?? '';
        if (text !== '' && spoken.at(-1) !== text) spoken.push(text);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
  });
  await chat.open();
  await chat.ask('hello');
  await expect.poll(() => page.evaluate(() => (window as unknown as { spoken: string[] }).spoken)).toEqual(['Hello! This is a scripted answer.']);
});
