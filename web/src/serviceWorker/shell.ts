/**
 * The page's own files on the device, so that the page opens without a network.
 *
 * A version of the page is one cache, filled as a whole before the version counts. The page itself is asked of the network
 * first; the cached one stands in where there is no answer. What the server says of conversations and messages never
 * passes through here.
 */

/** Caches of the page begin with this; the name goes on with the version. */
const PREFIX = 'manent-page-';

/** How long the network may take before the cached page is shown, in milliseconds. */
const PATIENCE_MS = 4_000;

/** Files below this path carry a hash in their name and never change. */
const UNCHANGING = '/assets/';

/** The address of the page itself. */
const PAGE = '/';

export interface ShellEnvironment {
  origin: string;
  caches: CacheStorage;
  fetch: (request: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
  /** Rejects never; resolves after that many milliseconds. */
  delay: (milliseconds: number) => Promise<void>;
}

export class Shell {
  private readonly name: string;
  private readonly files: readonly string[];
  private readonly environment: ShellEnvironment;

  /** `files` are the paths of everything that the page needs to open; `version` changes when one of them does. */
  constructor(version: string, files: readonly string[], environment: ShellEnvironment) {
    this.name = PREFIX + version;
    this.files = files;
    this.environment = environment;
  }

  /** Brings every file of this version to the device. Rejects when one cannot be had: then the version before goes on. */
  async install(): Promise<void> {
    const { caches } = this.environment;
    const cache = await caches.open(this.name);
    await Promise.all(this.files.map(async (path) => cache.put(path, await this.obtain(path))));
  }

  /** Brings to the device what it has lost of this version, as when a person empties the site's storage. */
  async keep(): Promise<void> {
    const cache = await this.environment.caches.open(this.name);
    await Promise.all(this.files.map(async (path) => (await cache.match(path)) ?? cache.put(path, await this.obtain(path))));
  }

  /** Lets go of old versions. The one before stays: a tab that was opened with it may still ask for its parts. */
  async activate(): Promise<void> {
    const { caches } = this.environment;
    const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== this.name);
    await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  }

  /** What to answer; `null` where the request is none of the page's own files and goes to the network as if nobody were here. */
  answer(request: Request): Promise<Response> | null {
    const url = new URL(request.url);
    if (request.method !== 'GET' || url.origin !== this.environment.origin) return null;
    if (request.mode === 'navigate') return isPage(url.pathname) ? this.networkFirst(request, PAGE) : null;
    if (url.pathname.startsWith(UNCHANGING)) return this.cacheFirst(request, url.pathname);
    return this.files.includes(url.pathname) && url.pathname !== PAGE ? this.networkFirst(request, url.pathname) : null;
  }

  private async obtain(path: string): Promise<Response> {
    const { caches, fetch } = this.environment;
    const known = path.startsWith(UNCHANGING) ? await caches.match(path) : undefined;
    if (known) return known;
    // Not from the browser's own cache, where an older one may lie.
    const response = await fetch(path, { cache: 'no-cache' });
    if (!isGood(response, path)) throw new Error(`${path}: ${response.status}`);
    return response;
  }

  private async cacheFirst(request: Request, path: string): Promise<Response> {
    const { caches, fetch } = this.environment;
    const known = await caches.match(path);
    if (known) return known;
    const response = await fetch(request);
    if (isGood(response, path)) {
      const copy = response.clone();
      // A full device costs only the next offline opening.
      await caches.open(this.name).then((cache) => cache.put(path, copy)).catch(() => undefined);
    }
    return response;
  }

  private async networkFirst(request: Request, path: string): Promise<Response> {
    const { caches, delay, fetch } = this.environment;
    const cache = await caches.open(this.name);
    const known = await cache.match(path);
    if (!known) return fetch(request);
    // A server or a proxy that is broken is no reason to show its error instead of the page; a redirect or a refusal is its word.
    const network = fetch(request).then((response) => (response.status >= 500 ? known : response));
    const late = delay(PATIENCE_MS).then(() => known);
    return Promise.race([network, late]).catch(() => known);
  }
}

/** The addresses that the page itself answers (`ui/router.ts`). */
function isPage(path: string): boolean {
  return path === PAGE || path.startsWith('/c/');
}

/** Whether it is that file. What a proxy or a portal answers in its stead is a page, and would be kept for good. */
function isGood(response: Response, path: string): boolean {
  const isPageForAFile = path !== PAGE && (response.headers.get('content-type') ?? '').startsWith('text/html');
  return response.ok && response.type !== 'opaque' && !response.redirected && !isPageForAFile;
}
