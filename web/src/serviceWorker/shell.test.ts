import { describe, expect, it } from 'vitest';
import { Shell } from './shell';

const ORIGIN = 'https://chat.example';
const FILES = ['/', '/appearance.js', '/assets/index-1.js'];

/** As much of the browser's caches as the shell uses. */
class FakeCaches {
  readonly stored = new Map<string, Map<string, Response>>();

  async open(name: string) {
    const entries = this.stored.get(name) ?? new Map<string, Response>();
    this.stored.set(name, entries);
    return {
      put: async (path: string, response: Response) => void entries.set(path, response),
      match: async (path: string) => entries.get(path)?.clone(),
    };
  }

  async match(path: string) {
    for (const entries of this.stored.values()) if (entries.has(path)) return entries.get(path)!.clone();
    return undefined;
  }

  async keys() {
    return [...this.stored.keys()];
  }

  async delete(name: string) {
    return this.stored.delete(name);
  }
}

type Network = (path: string) => Response | Promise<Response>;

function setUp({ version = 'v1', files = FILES, caches = new FakeCaches(), network = (path) => new Response(`network ${path}`) }: { version?: string; files?: string[]; caches?: FakeCaches; network?: Network }) {
  const asked: string[] = [];
  let giveUp = () => {};
  const late = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  const shell = new Shell(version, files, {
    origin: ORIGIN,
    caches: caches as unknown as CacheStorage,
    fetch: async (request) => {
      const path = typeof request === 'string' ? request : new URL((request as Request).url).pathname;
      asked.push(path);
      return network(path);
    },
    delay: () => late,
  });
  return { shell, caches, asked, giveUp };
}

/** A request as the browser makes it when it opens an address; scripts cannot make one. */
function navigation(path: string): Request {
  const request = new Request(ORIGIN + path);
  Object.defineProperty(request, 'mode', { value: 'navigate' });
  return request;
}

const text = async (answer: Promise<Response> | null) => (answer === null ? null : (await answer).text());
const away: Network = () => Promise.reject(new TypeError('Failed to fetch'));

describe('Shell', () => {
  it('opens the page from the device when the network is away, whatever conversation is asked for', async () => {
    const { caches, shell } = setUp({});
    await shell.install();
    const offline = setUp({ caches, network: away }).shell;
    expect(await text(offline.answer(navigation('/')))).toBe('network /');
    expect(await text(offline.answer(navigation('/c/01900000-0000-7000-8000-000000000000?m=1')))).toBe('network /');
    expect(await text(offline.answer(new Request(`${ORIGIN}/appearance.js`)))).toBe('network /appearance.js');
    expect(await text(offline.answer(new Request(`${ORIGIN}/assets/index-1.js`)))).toBe('network /assets/index-1.js');
  });

  it('takes the page from the network where there is one', async () => {
    const { caches, shell } = setUp({});
    await shell.install();
    expect(await text(setUp({ caches, network: () => new Response('newer') }).shell.answer(navigation('/')))).toBe('newer');
  });

  it('shows the device’s page instead of a broken proxy’s error, and leaves refusals alone', async () => {
    const { caches, shell } = setUp({});
    await shell.install();
    expect(await text(setUp({ caches, network: () => new Response('Bad Gateway', { status: 502 }) }).shell.answer(navigation('/')))).toBe('network /');
    expect(await text(setUp({ caches, network: () => new Response('Sign in', { status: 401 }) }).shell.answer(navigation('/')))).toBe('Sign in');
  });

  it('shows the device’s page when the network does not answer in time', async () => {
    const { caches, shell } = setUp({});
    await shell.install();
    const slow = setUp({ caches, network: () => new Promise(() => {}) });
    const answer = slow.shell.answer(navigation('/'));
    slow.giveUp();
    expect(await text(answer)).toBe('network /');
  });

  it('leaves everything else to the network: the API, other pages of the server, writes, other origins', () => {
    const { shell } = setUp({});
    const others = [
      new Request(`${ORIGIN}/conversations`),
      new Request(`${ORIGIN}/conversation/1/messages`),
      new Request(`${ORIGIN}/`, { method: 'POST' }),
      new Request('https://other.example/assets/index-1.js'),
      navigation('/docs'),
      navigation('/metrics'),
    ];
    expect(others.map((request) => shell.answer(request))).toEqual(others.map(() => null));
  });

  it('asks once for a file that never changes, and again for a new version only for what is new', async () => {
    const first = setUp({});
    await first.shell.install();
    const second = setUp({ version: 'v2', files: [...FILES, '/assets/index-2.js'], caches: first.caches });
    await second.shell.install();
    expect(second.asked).toEqual(['/', '/appearance.js', '/assets/index-2.js']);
    expect(await text(second.shell.answer(new Request(`${ORIGIN}/assets/index-1.js`)))).toBe('network /assets/index-1.js');
    expect(second.asked).toHaveLength(3);
  });

  it('keeps what was not in the list once it was used, such as a font', async () => {
    const { caches, shell } = setUp({});
    await shell.install();
    await text(shell.answer(new Request(`${ORIGIN}/assets/font.woff2`)));
    expect(await text(setUp({ caches, network: away }).shell.answer(new Request(`${ORIGIN}/assets/font.woff2`)))).toBe('network /assets/font.woff2');
  });

  it('keeps no page for a file that is none, such as what somebody on the way answers to everything', async () => {
    const welcome: Network = () => new Response('<html>Welcome', { headers: { 'content-type': 'text/html; charset=utf-8' } });
    const { caches, shell } = setUp({ network: welcome });
    await expect(shell.install()).rejects.toThrow(': 200');
    expect(await text(shell.answer(new Request(`${ORIGIN}/assets/font.woff2`)))).toBe('<html>Welcome');
    expect(await text(setUp({ caches }).shell.answer(new Request(`${ORIGIN}/assets/font.woff2`)))).toBe('network /assets/font.woff2');
  });

  it('is kept again when the device has lost it, and asks for nothing that is still there', async () => {
    const { caches, shell, asked } = setUp({});
    await shell.install();
    caches.stored.clear();
    await shell.keep();
    expect(await text(setUp({ caches, network: away }).shell.answer(navigation('/')))).toBe('network /');
    const before = asked.length;
    caches.stored.get('manent-page-v1')!.delete('/appearance.js');
    await shell.keep();
    expect(asked.slice(before)).toEqual(['/appearance.js']);
  });

  it('is not installed while one of its files cannot be had', async () => {
    const { shell } = setUp({ network: (path) => new Response('', { status: path === '/appearance.js' ? 503 : 200 }) });
    await expect(shell.install()).rejects.toThrow('/appearance.js: 503');
  });

  it('keeps the version before, for the tabs that run it, and no older one; nor anything that is not its own', async () => {
    const caches = new FakeCaches();
    await caches.open('another');
    for (const version of ['v1', 'v2', 'v3']) {
      const { shell } = setUp({ version, caches });
      await shell.install();
      await shell.activate();
    }
    expect(await caches.keys()).toEqual(['another', 'manent-page-v2', 'manent-page-v3']);
  });
});
