import type { BrowserContext, Page } from '@playwright/test';

/** What became of one pressed key, in milliseconds after it. */
export interface Press {
  /** The message stands in the document; the next frame draws it. */
  inDocument: number;
  /** A frame with it was drawn. */
  drawn: number;
  /** The device's store confirmed it. */
  kept: number;
}

declare global {
  interface Window {
    stopwatch: { press: Partial<Press> & { text: string; at: number }; composerAt: number | null };
  }
}

/** Puts the watch into every document of a browser. It uses nothing of the page but its elements and what it stores. */
export async function installStopwatch(context: BrowserContext): Promise<void> {
  await context.addInitScript(watch);
}

function watch(): void {
  const watching: Window['stopwatch'] = { press: { text: '', at: 0 }, composerAt: null };
  window.stopwatch = watching;
  let id: string | null = null;
  const keptAt = new Map<string, number>();
  const note = (what: keyof Press, at: number) => {
    watching.press[what] ??= at - watching.press.at;
  };

  addEventListener(
    'keydown',
    (event) => {
      if (event.key !== 'Enter' || !(event.target instanceof HTMLTextAreaElement)) return;
      id = null;
      keptAt.clear();
      watching.press = { text: event.target.value, at: event.timeStamp };
    },
    { capture: true },
  );

  new MutationObserver(() => {
    if (watching.composerAt === null && document.querySelector('textarea')) watching.composerAt = performance.now();
    const { press } = watching;
    if (press.text === '' || id !== null) return;
    const article = [...document.querySelectorAll<HTMLElement>('article[data-message-id]')].findLast((candidate) => candidate.textContent.includes(press.text));
    if (!article) return;
    id = article.dataset.messageId!;
    note('inDocument', performance.now());
    if (keptAt.has(id)) note('kept', keptAt.get(id)!);
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.addEventListener('message', () => note('drawn', performance.now()));
      channel.port1.start();
      channel.port2.postMessage(null);
    });
  }).observe(document, { subtree: true, childList: true });

  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (this: IDBObjectStore, value: { key?: string }, key?: IDBValidKey) {
    const messageId = value.key;
    if (this.name === 'items' && messageId !== undefined) {
      this.transaction.addEventListener('complete', () => {
        if (keptAt.has(messageId)) return;
        keptAt.set(messageId, performance.now());
        if (id === messageId) note('kept', performance.now());
      });
    }
    return put.call(this, value, key);
  };
}

/** Writes a text, presses Enter, and waits until it is drawn and kept. */
export async function pressed(page: Page, text: string): Promise<Press> {
  const input = page.locator('textarea').first();
  await input.fill(text);
  // The page takes nothing while it asks for an answer.
  await page.waitForFunction(() => document.querySelector('button[type=submit]:disabled, .composer button.send-button:not([type=submit])') === null);
  await input.press('Enter');
  await page.waitForFunction(() => window.stopwatch.press.drawn !== undefined && window.stopwatch.press.kept !== undefined, undefined, { polling: 20 });
  return page.evaluate(() => window.stopwatch.press as Press);
}
