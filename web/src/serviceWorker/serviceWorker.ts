import { Shell } from './shell';

declare const self: ServiceWorkerGlobalScope;
/** Put in by the build (`build/serviceWorker.ts`). */
declare const __PAGE_VERSION__: string;
declare const __PAGE_FILES__: readonly string[];

const shell = new Shell(__PAGE_VERSION__, __PAGE_FILES__, {
  origin: self.location.origin,
  caches: self.caches,
  fetch: (request, init) => fetch(request, init),
  delay: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
});

self.addEventListener('install', (event) => {
  // At once: tabs that are open keep what they run, and find their parts in the version before.
  event.waitUntil(shell.install().then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(shell.activate());
});

// The page asks for it where the device may have lost something.
self.addEventListener('message', (event) => {
  if (event.data === 'keep') event.waitUntil(shell.keep().catch(() => undefined));
});

self.addEventListener('fetch', (event) => {
  const answer = shell.answer(event.request);
  if (answer) event.respondWith(answer);
});
