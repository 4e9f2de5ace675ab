import * as faults from '../support/faults/fault.ts';
import { en } from '../../src/strings/en.ts';
import { APPEND, expect, pageSurface, test } from '../support/proof/test.ts';
import type { Tab } from '../support/proof/surface.ts';

test.use({ surface: pageSurface });

/** Deletes the only conversation by its menu. */
async function remove({ page }: Tab): Promise<void> {
  await page.locator('.row').first().hover();
  await page.getByRole('button', { name: /^Actions for/ }).first().click();
  await page.getByRole('menuitem', { name: en.conversation.remove, exact: true }).click();
}

test('a conversation that is deleted while something of it waits is in the trash in the end, with everything in it', async ({ world }) => {
  const tab = (await world.openTab());
  const { conversationId } = await world.write(tab);
  await expect(tab.page.locator('article.from-assistant')).toContainText('You said: word 1.');
  const refusing = world.network.on(APPEND, faults.problem(503, 'store_unavailable'));
  await world.isKept((await world.write(tab)).id);
  await remove(tab);
  await expect(tab.page.locator('.row')).toHaveCount(0);
  refusing.lift();
  await tab.tryNow();
  await world.keptItsPromise();
  await expect.poll(async () => (await world.server.api('GET', `/conversation/${conversationId}`)).trashedAt).not.toBeNull();
  await expect(tab.page.locator('.row')).toHaveCount(0);
});

test('what is deleted while the server is away is deleted when it is back, also after a reload, and nothing untrue is said', async ({ world }) => {
  const tab = (await world.openTab());
  const { page } = tab;
  const { conversationId } = await world.write(tab);
  await expect(page.locator('article.from-assistant')).toContainText('You said: word 1.');
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await world.network.goOffline();
  await remove(tab);
  await expect(page.locator('.row')).toHaveCount(0);
  await expect(page.locator('.toast')).toHaveCount(1);
  await page.reload();
  await expect(page.getByRole('textbox', { name: en.composer.label })).toBeVisible();
  await world.network.goOnline();
  await tab.tryNow();
  await expect.poll(async () => (await world.server.api('GET', `/conversation/${conversationId}`)).trashedAt).not.toBeNull();
  await expect(page.locator('.row')).toHaveCount(0);
});
