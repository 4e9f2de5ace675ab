import type { Page } from '@playwright/test';
import { expect, test } from './support/test.ts';

/** Nothing of an answer ran, and nothing of it became an element that could. */
async function expectHarmless(page: Page): Promise<void> {
  expect(await page.evaluate(() => (window as unknown as { __injected?: number }).__injected)).toBeUndefined();
  const found = await page.locator('main').evaluate((main) => {
    const elements = [...main.querySelectorAll('script, iframe, object, embed, style, form:not(.composer), article img, article svg:not(.lucide):not(.katex svg), details:not(.tool-part)')];
    const links = [...main.querySelectorAll('a[href]')].filter((link) => !/^(https?:|mailto:|tel:)/.test((link as HTMLAnchorElement).href));
    const handlers = [...main.querySelectorAll('*')].filter((element) => [...element.attributes].some((attribute) => attribute.name.startsWith('on')));
    return [...elements, ...links, ...handlers].map((element) => element.outerHTML.slice(0, 120));
  });
  expect(found).toEqual([]);
}

test('markup in an answer stays text, while it comes, when it has come and after a reload', async ({ chat, page }) => {
  await chat.open();
  await chat.ask('xss');
  await expect(chat.answers).toContainText('The end of the attempts.');
  await expect(chat.answers).toContainText('<img src="x" onerror="window.__injected = 2">');
  await expectHarmless(page);
  await page.reload();
  await expect(chat.answers).toContainText('The end of the attempts.');
  await expectHarmless(page);
});

test('markup in questions, titles, system prompts and search results stays text', async ({ chat, page, server }) => {
  const markup = '<img src=x onerror="window.__injected=1"> <script>window.__injected=2</script>';
  const id = await server.conversation(markup, `needle ${markup}`, `needle ${markup}`);
  await chat.open(`/c/${id}`);
  await expect(chat.questions).toContainText(markup);
  await page.getByRole('searchbox').fill('needle');
  await expect(page.locator('.hit mark').first()).toBeVisible();
  await expectHarmless(page);
  expect(await page.locator('aside img, aside script').count()).toBe(0);
});

test('the page asks nobody but its own server', async ({ chat, page, server }) => {
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith('data:') && !request.url().startsWith('blob:')) elsewhere.push(request.url());
  });
  await chat.open();
  await chat.ask('markdown');
  await expect(page.locator('.katex').first()).toBeVisible();
  await chat.ask('![spy](https://example.org/spy.png)');
  await expect(chat.answers.last().getByRole('link', { name: 'spy' })).toBeVisible();
  expect(elsewhere).toEqual([]);
});
