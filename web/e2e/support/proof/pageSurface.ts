import { expect, type Page } from '@playwright/test';
import { en } from '../../../src/strings/en.ts';
import { seldomEn } from '../../../src/strings/seldomEn.ts';
import type { Surface, Tab } from './surface.ts';

/** The page, as a person uses it. */
export const pageSurface: Surface = {
  name: 'page',
  prepare: async () => () => null,
  async show(page: Page, origin: string, conversationId: string): Promise<Tab> {
    const isRead = page.waitForResponse(`**/conversation/${conversationId}/messages*`).then((response) => response.finished());
    await page.goto(`${origin}/c/${conversationId}`);
    await isRead;
    return pageTab(page);
  },
};

/** The page that is open in a tab, whatever led to it. */
export async function pageTab(page: Page): Promise<Tab> {
  const composer = page.getByRole('textbox', { name: 'Your message' });
  await expect(composer).toBeVisible();
  return {
    page,
    async write(text) {
      await composer.fill(text);
      await composer.press('Enter');
      await expect(composer).toHaveValue('');
      const article = page.locator('article.from-user', { hasText: text });
      // At once, or when the answer that another tab has just asked for has begun: that tab may have died, and its question may wait.
      await expect(article).toBeVisible({ timeout: 25_000 });
      return (await article.getAttribute('data-message-id'))!;
    },
    async tryNow() {
      await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    },
    async signIn() {
      // The page may notice by itself that the server takes it again.
      const button = page.getByRole('button', { name: seldomEn.banner.signIn, exact: true });
      await expect(async () => {
        if (await button.isVisible()) await button.click({ timeout: 1_000 });
        await expect(button).toBeHidden({ timeout: 1_000 });
      }).toPass({ timeout: 10_000 });
    },
    async warned(code) {
      const words = en.warnings[code];
      await expect(page.locator('.banner.storage')).toContainText(typeof words === 'string' ? words : /put aside as “manent/);
    },
  };
}
