import type { BrowserContext, Page } from '@playwright/test';
import { en } from '../../../src/strings/en.ts';
import { now } from '../faults/seen.ts';
import { KEPT_STATES, type Shown, type ShownState } from './shown.ts';
import type { ShownLog } from './shownLog.ts';

declare global {
  interface Window {
    /** Into the test's log; survives the page, because it leaves it at once. */
    manentShown: (entry: Shown) => void;
    manentRecorder?: { show: (messageId: string, state: ShownState) => void; holds: (messageId: string) => Promise<boolean> };
  }
}

/** Records from now on what the pages of a browser show, each change at once. */
export async function record(context: BrowserContext, log: ShownLog): Promise<void> {
  const documents = new Map<Page, string>();
  await context.exposeBinding('manentShown', ({ page }, entry: Shown) => {
    const before = documents.get(page);
    if (before === undefined) page.once('close', () => log.end(documents.get(page)!, now()));
    else if (before !== entry.tab) log.end(before, entry.at);
    documents.set(page, entry.tab);
    log.add(entry);
  });
  await context.addInitScript(observe, { kept: KEPT_STATES, words: WORDS, database: 'manent', store: 'items' } satisfies Parameters<typeof observe>[0]);
}

/** What a mark says, by the beginning of its words; the first that fits counts. */
const WORDS: readonly (readonly [string, ShownState])[] = [
  [en.saves.storing, 'storing'],
  [en.saves.sending, 'sending'],
  [`${en.saves.kept} ·`, 'waiting'],
  [en.saves.kept, 'queued'],
  [en.saves.keptInTab, 'inTab'],
  [en.saves.journal, 'sending'],
  [en.saves.failed(''), 'failed'],
  [en.saves.withdrawn, 'failed'],
  [en.saves.discarded, 'discarded'],
];

/** Runs in each document before its own scripts. */
function observe({ kept, words, database, store }: { kept: readonly ShownState[]; words: typeof WORDS; database: string; store: string }): void {
  // Taken now: a test may move the page's clock, never this one.
  const { performance, Promise, indexedDB } = window;
  const at = () => performance.timeOrigin + performance.now();
  const tab = crypto.randomUUID().slice(0, 8);

  /** Whether the device's store has the message among those that are not saved; also in a second one beside one of a newer version. */
  const holds = async (messageId: string): Promise<boolean> => {
    const names = (await indexedDB.databases()).map(({ name }) => name!).filter((name) => name.startsWith(database));
    for (const name of names) if (await has(name, messageId)) return true;
    return false;
  };
  const has = async (name: string, messageId: string): Promise<boolean> => {
    const open = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error!);
    });
    try {
      if (!open.objectStoreNames.contains(store)) return false;
      return await new Promise<boolean>((resolve, reject) => {
        const request = open.transaction(store).objectStore(store).count(messageId);
        request.onsuccess = () => resolve(request.result > 0);
        request.onerror = () => reject(request.error!);
      });
    } finally {
      open.close();
    }
  };

  const show = (messageId: string, state: ShownState): void => {
    const entry = { at: at(), tab, messageId, state };
    window.manentShown(entry);
    if (!kept.includes(state)) return;
    // A store that is being deleted cannot be looked into.
    void holds(messageId).then((isOnDevice) => window.manentShown({ ...entry, isOnDevice, lookedAt: at() }), () => undefined);
  };
  window.manentRecorder = { show, holds };

  /** The state that a person reads at a message. */
  const read = (article: HTMLElement): ShownState => {
    const mark = article.querySelector<HTMLElement>('.save-trouble, .save-label');
    // An answer that is still to come or being written has no mark, and nobody takes it for saved.
    if (!mark) return article.classList.contains('from-user') ? 'none' : 'gone';
    const text = mark.textContent.trim();
    return words.find(([beginning]) => text.startsWith(beginning))?.[1] ?? 'unknown';
  };

  const shown = new Map<string, ShownState>();
  const look = (): void => {
    const present = new Set<string>();
    for (const article of document.querySelectorAll<HTMLElement>('article[data-message-id]')) {
      const id = article.dataset.messageId!;
      const state = read(article);
      present.add(id);
      if ((shown.get(id) ?? 'gone') === state) continue;
      shown.set(id, state);
      show(id, state);
    }
    for (const id of shown.keys()) {
      if (present.has(id)) continue;
      if (shown.get(id) !== 'gone') show(id, 'gone');
      shown.delete(id);
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
}
