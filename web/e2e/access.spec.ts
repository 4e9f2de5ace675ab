import { AXE, expectAccessible } from './support/accessible.ts';
import { expect, test } from './support/test.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in ${colorScheme} colours`, () => {
    // Colours are measured once they stand still.
    test.use({ colorScheme, contextOptions: { reducedMotion: 'reduce' }, bypassCSP: true });

    test('axe finds nothing serious on any view', async ({ chat, page, server }) => {
      await server.conversation('One', 'A question', '| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n\n> quoted `code`');
      await page.addInitScript({ path: AXE });
      await chat.open();
      await expect(chat.row('One')).toBeVisible();
      await expectAccessible(page, 'start');
      await chat.ask('markdown');
      await expect(page.locator('.hljs-keyword').first()).toBeVisible();
      await chat.ask('think');
      await chat.ask('fail late');
      await chat.answers.last().hover();
      await expectAccessible(page, 'conversation');
      await chat.composer.press('ArrowUp');
      await expectAccessible(page, 'editing');
      await page.keyboard.press('Escape');
      for (const name of ['Settings', 'Keys', 'Model and system prompt']) {
        await page.getByRole('button', { name, exact: true }).click();
        await expect(page.getByRole('dialog', { name })).toBeVisible();
        await expectAccessible(page, name);
        await page.keyboard.press('Escape');
        await expect(page.getByRole('dialog')).toHaveCount(0);
      }
      await page.keyboard.press('Control+k');
      await expect(page.getByRole('combobox', { name: 'Go to or do' })).toBeFocused();
      await expectAccessible(page, 'palette');
      await page.keyboard.press('Escape');
      await page.getByRole('searchbox').fill('question');
      await expect(page.locator('.hit mark').first()).toBeVisible();
      await expectAccessible(page, 'search');
      await page.getByRole('searchbox').press('Escape');
      await chat.row('One').hover();
      await chat.row('One').getByRole('button').click();
      await expect(page.getByRole('menu')).toBeVisible();
      await expectAccessible(page, 'menu');
      await page.getByRole('menuitem', { name: 'Delete' }).click();
      await expect(page.getByRole('button', { name: 'Undo' })).toBeVisible();
      await page.getByRole('button', { name: 'Trash', exact: true }).click();
      await expect(chat.row('One')).toBeVisible();
      await expectAccessible(page, 'trash and toast');
      await server.kill();
      await chat.send('away');
      await expect(page.getByText('The server cannot be reached. You can go on')).toBeVisible();
      await expect(chat.questions.last()).toContainText('Not saved yet');
      await expectAccessible(page, 'server away');
    });
  });
}

test('everything works with the keyboard alone', async ({ chat, page, server }) => {
  const id = await server.conversation('By keys');
  await chat.open();
  await expect(chat.composer).toBeFocused();
  await page.keyboard.type('hello');
  await page.keyboard.press('Enter');
  await chat.ended();
  await expect(chat.composer).toBeFocused();

  // The palette: a conversation by its title.
  await page.keyboard.press('Control+k');
  await page.keyboard.type('by keys');
  await expect(page.getByRole('dialog').getByRole('option', { selected: true })).toContainText('By keys');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(id));
  await expect(chat.composer).toBeFocused();

  // The row's menu: rename.
  await chat.row('By keys').getByRole('link').focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Rename' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('Renamed by keys');
  await page.keyboard.press('Enter');
  await expect(chat.row('Renamed by keys')).toBeVisible();
  await expect(chat.row('Renamed by keys').getByRole('link')).toBeFocused();

  // From row to row, and into one.
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(chat.answers).toContainText('scripted answer');

  // The list of keys opens with ? and closes with Esc, giving the focus back.
  await page.getByRole('button', { name: 'Settings' }).focus();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Settings' })).toBeFocused();
  await page.keyboard.press('Shift+Escape');
  await expect(chat.composer).toBeFocused();

  // Edit with Up, stop with Esc, new chat.
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('slow 300');
  await page.keyboard.press('Enter');
  await expect(chat.stopButton).toBeVisible();
  await expect.poll(() => chat.answers.last().innerText().then((text) => text.length)).toBeGreaterThan(20);
  await page.keyboard.press('Escape');
  await expect(page.getByText('You stopped this answer.')).toBeVisible();
  await page.keyboard.press('Control+Shift+o');
  await expect(page.getByText('What is on your mind?')).toBeVisible();
  await expect(chat.composer).toBeFocused();
});

test('the first Tab offers to skip to the message box', async ({ chat, page }) => {
  await chat.open();
  // The message box takes the focus when the page opens; a person who starts at the top of the page is meant here.
  await page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
  });
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to the message box' });
  await expect(skip).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(chat.composer).toBeFocused();
});

for (const width of [320, 390]) {
  test.describe(`at ${width} px`, () => {
    test.use({ viewport: { width, height: 720 }, hasTouch: true, isMobile: true });

    test('nothing is cut off, and the list is a sheet', async ({ chat, page, server }) => {
      await server.conversation('A conversation with quite a long title that does not fit');
      await chat.open();
      const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && (document.querySelector('.scroller')?.scrollWidth ?? 0) <= innerWidth);
      expect(await fits()).toBe(true);
      await chat.ask('markdown');
      await expect(page.locator('.katex').first()).toBeVisible();
      expect(await fits()).toBe(true);
      await expect(chat.answers.last().getByRole('button', { name: 'Regenerate' })).toBeVisible();

      const sheet = page.getByRole('complementary', { name: 'Conversations' });
      await page.getByRole('button', { name: 'Show the conversations' }).tap();
      await expect(sheet).toBeVisible();
      await expect(sheet.getByRole('button', { name: 'Hide the conversations' })).toBeFocused();
      await sheet.getByRole('link', { name: /A conversation with quite/ }).tap();
      await expect(sheet).toBeHidden();
      await expect(chat.questions).toContainText('A question');
      expect(await fits()).toBe(true);
    });
  });
}
