import type { OwnAnswer } from '../e2e/support/faults/faultProxy.ts';

export const FLOOR_PATH = '/bench-floor/';

/** The least that a page must do for the same: show the words and put them into IndexedDB, durably, beside as many others. */
const PAGE = `<!doctype html>
<meta charset="utf-8" />
<title>Floor</title>
<main></main>
<textarea></textarea>
<script>
  const opening = indexedDB.open('floor', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('items', { keyPath: 'key' });
  window.seeded = new Promise((resolve) => {
    opening.onsuccess = () => {
      const transaction = opening.result.transaction('items', 'readwrite');
      for (let index = 0; index < 10000; index += 1) transaction.objectStore('items').put({ key: crypto.randomUUID(), record: 'x'.repeat(600) });
      transaction.oncomplete = resolve;
    };
  });
  document.querySelector('textarea').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    const key = crypto.randomUUID();
    const article = document.createElement('article');
    article.dataset.messageId = key;
    article.textContent = event.target.value;
    document.querySelector('main').append(article);
    event.target.value = '';
    opening.result.transaction('items', 'readwrite', { durability: 'strict' }).objectStore('items').put({ key, record: 'x'.repeat(600) });
  });
</script>`;

export const floorPage: OwnAnswer = (path) => (path === FLOOR_PATH ? { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from(PAGE) } : null);
