import { expect, test } from './support/test.ts';

test('model and system prompt belong to the conversation', async ({ chat, page, server }) => {
  await chat.open();
  await page.getByRole('button', { name: 'Model and system prompt' }).click();
  const dialog = page.getByRole('dialog', { name: 'Model and system prompt' });
  await dialog.getByRole('combobox', { name: 'Model' }).selectOption({ label: 'Another scripted model' });
  await dialog.getByRole('textbox', { name: 'System prompt' }).fill('Speak like a gardener.');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await chat.ask('system');
  await expect(chat.answers).toContainText('The system prompt says: Speak like a gardener.');
  const messages = await chat.stored(2);
  expect(messages[1]!.model).toBe('scripted-other');
  const { config } = await server.api('GET', `/conversation/${chat.conversationId}`);
  expect(config).toMatchObject({ model: 'scripted-other', system: 'Speak like a gardener.' });

  await page.getByRole('button', { name: 'New chat' }).first().click();
  await chat.ask('turn');
  await expect(chat.answers).toContainText('with the model scripted-test');
});

test('the model can be changed in the middle of a conversation', async ({ chat, page, server }) => {
  await chat.open();
  await chat.ask('hello');
  await page.getByRole('combobox', { name: 'Model' }).selectOption({ label: 'Another scripted model' });
  await expect.poll(async () => (await server.api('GET', `/conversation/${chat.conversationId}`)).config.model).toBe('scripted-other');
  await chat.ask('turn');
  await expect(chat.answers.last()).toContainText('This is turn 2 with the model scripted-other.');
});

test('theme, text size and language hold at once and after a reload', async ({ chat, page }) => {
  await chat.open();
  await page.getByRole('button', { name: 'Settings' }).click();
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByRole('radio', { name: 'Dark' }).check();
  await expect.poll(background).not.toBe(light);
  await page.getByRole('radio', { name: 'Large' }).check();
  await page.getByRole('radio', { name: 'Deutsch' }).check();
  await expect(page.getByRole('dialog', { name: 'Einstellungen' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.reload();
  await expect(page.getByText('Was beschäftigt dich?')).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('de');
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe('19px');
  expect(await background()).not.toBe(light);
});

test('a picture is shown before it is sent, and stored with the message', async ({ chat, page }) => {
  await chat.open();
  const png = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(2400, 1200);
    const context = canvas.getContext('2d')!;
    context.fillStyle = '#267';
    context.fillRect(0, 0, 2400, 1200);
    const blob = await canvas.convertToBlob({ type: 'image/png' });
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  await page.locator('input[type=file]').setInputFiles({ name: 'blue.png', mimeType: 'image/png', buffer: Buffer.from(png) });
  await expect(page.getByRole('img', { name: 'blue.png' })).toBeVisible();
  await page.locator('input[type=file]').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
  await expect(page.getByText('“notes.txt” is not a picture that models can read.')).toBeVisible();
  await chat.ask('hello');
  await expect(chat.questions.getByRole('img')).toBeVisible();
  const messages = await chat.stored(2);
  expect(messages[0]!.content).toMatchObject([{ type: 'image', mediaType: 'image/jpeg' }, { type: 'text', text: 'hello' }]);
  await page.reload();
  await expect(chat.questions.getByRole('img')).toBeVisible();
});

for (const way of ['paste', 'drop'] as const) {
  test(`a picture is taken by ${way}`, async ({ chat, page }) => {
    await chat.open();
    await chat.composer.evaluate(async (element, kind) => {
      const canvas = new OffscreenCanvas(40, 40);
      canvas.getContext('2d')!.fillRect(0, 0, 40, 40);
      const transfer = new DataTransfer();
      transfer.items.add(new File([await canvas.convertToBlob({ type: 'image/png' })], 'square.png', { type: 'image/png' }));
      const init = { bubbles: true, cancelable: true };
      element.dispatchEvent(kind === 'paste' ? new ClipboardEvent('paste', { ...init, clipboardData: transfer }) : new DragEvent('drop', { ...init, dataTransfer: transfer }));
    }, way);
    await expect(page.getByRole('img', { name: 'square.png' })).toBeVisible();
    await page.getByRole('button', { name: 'Remove square.png' }).click();
    await expect(page.getByRole('img', { name: 'square.png' })).toHaveCount(0);
    await expect(chat.sendButton).toBeDisabled();
  });
}

test.describe('without a provider', () => {
  test.use({ demo: true });

  test('the page says that it is a demonstration and how to connect a model', async ({ chat, page }) => {
    await chat.open();
    await expect(page.getByText('Demonstration: the answers are scripted.')).toBeVisible();
    await page.getByRole('button', { name: 'Connect a model' }).click();
    await expect(page.getByRole('dialog', { name: 'Connect a model' })).toContainText('ANTHROPIC_API_KEY');
  });
});
