import { useStore } from '../state/store';
import { changeUi } from '../state/ui';
import { BASE } from './base';

/** A tab that stays open asks for a newer page when it is looked at again, at most this often, in milliseconds. */
const ASK_EVERY_MS = 60 * 60 * 1_000;

/**
 * Has the built page's files kept on the device, so that it opens without a network (`serviceWorker/shell.ts`), and tells when
 * a newer page has come. On plain HTTP away from this device browsers offer no such thing; everything else works without it.
 */
export function installPageUpdates(): void {
  // Beside another client at `/` the page keeps nothing on the device: a service worker there would answer for that client.
  if (!import.meta.env.PROD || BASE !== '' || !('serviceWorker' in navigator)) return;
  void register(navigator.serviceWorker);
}

async function register(container: ServiceWorkerContainer): Promise<void> {
  try {
    const registration = await keep(container);
    registration.addEventListener('updatefound', () => {
      const { installing } = registration;
      installing?.addEventListener('statechange', () => {
        if (installing.state === 'activated') void tellIfNewer();
      });
    });
    // This page may be the device's copy of an older one, shown because the network was slow, or a newer one came meanwhile.
    void tellIfNewer();
    // The device may have lost the page's files, with all that it had.
    const keepAgain = () => void keep(container).catch(() => undefined);
    useStore.subscribe(({ connectivity, warnings }, before) => {
      if (warnings !== before.warnings || (connectivity.reachable && !before.connectivity.reachable)) keepAgain();
    });
    let asked = Date.now();
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible') return;
      keepAgain();
      if (Date.now() - asked < ASK_EVERY_MS) return;
      asked = Date.now();
      registration.update().catch(() => undefined);
    });
  } catch {
    // Refused by the browser or its settings, or the server is away: the page works without it.
  }
}

/** Has the page's files on the device; asked again, it brings what is missing. */
async function keep(container: ServiceWorkerContainer): Promise<ServiceWorkerRegistration> {
  const registration = await container.register('/service-worker.js');
  registration.active?.postMessage('keep');
  return registration;
}

/** The page comes from the network where there is one, so it may be the newer one already. */
async function tellIfNewer(): Promise<void> {
  try {
    const response = await fetch('/', { cache: 'no-cache' });
    if (response.ok && isAnotherPage(await response.text(), partsOf(document))) changeUi({ updateReady: true });
  } catch {
    // Without a network there is nothing newer to load.
  }
}

/** Whether a page's text names parts that this document was not made of. Parts carry a hash of what is in them. */
export function isAnotherPage(html: string, known: ReadonlySet<string>): boolean {
  return [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].some(([, part]) => !known.has(part!));
}

function partsOf(open: Document): Set<string> {
  return new Set([...open.querySelectorAll('script[src], link[href]')].map((element) => element.getAttribute('src') ?? element.getAttribute('href') ?? ''));
}
