import { describe, expect, it } from 'vitest';
import type { TabMessage } from '../tabs/messages.js';
import { TabLink } from '../tabs/tabLink.js';
import type { FeedEvent } from '../types.js';
import { SharedFeed } from './feed.js';

/** After so long without a word a feed is taken for dead. */
const SILENCE_MS = 90_000;

/** A connection whose other end is the test. */
class Source {
  readonly url: string;
  readonly headers: Record<string, string>;
  isAborted = false;
  readonly response: Promise<Response>;
  private answer: (response: Response) => void = () => undefined;
  private fail: (error: Error) => void = () => undefined;
  private body: ReadableStreamDefaultController<Uint8Array> | null = null;

  constructor(url: string, init: RequestInit) {
    this.url = url;
    this.headers = init.headers as Record<string, string>;
    this.response = new Promise((resolve, reject) => {
      this.answer = resolve;
      this.fail = reject;
    });
    init.signal!.addEventListener('abort', () => {
      this.isAborted = true;
      this.breakOff(new DOMException('aborted', 'AbortError'));
    });
  }

  async send(name: string, data: unknown, id = ''): Promise<void> {
    await this.say(`${id && `id: ${id}\n`}event: ${name}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  }

  async say(text: string): Promise<void> {
    if (!this.body) {
      const body = new ReadableStream<Uint8Array>({ start: (controller) => void (this.body = controller) });
      this.answer(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
    }
    this.body!.enqueue(new TextEncoder().encode(text));
    await settled();
  }

  async end(): Promise<void> {
    this.body!.close();
    await settled();
  }

  async breakOff(error: Error = new TypeError('cut')): Promise<void> {
    if (this.body) this.body.error(error);
    else this.fail(error);
    await settled();
  }

  async refuse(status: number, headers: Record<string, string> = {}): Promise<void> {
    this.answer(new Response('{}', { status, headers: { 'content-type': 'application/json', ...headers } }));
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Tabs of one browser: what one posts the others get at once. */
function browser(headers?: () => Record<string, string>) {
  const channels: { onmessage: ((event: { data: unknown }) => void) | null }[] = [];
  const sources: Source[] = [];
  let all: { milliseconds: number; run: () => void }[] = [];
  const environment = {
    fetch: (url: string | URL | Request, init?: RequestInit) => {
      const source = new Source(url as string, init!);
      sources.push(source);
      return source.response;
    },
    now: () => 0,
    random: (bytes: number) => new Uint8Array(bytes).fill(7),
    later: (milliseconds: number, run: () => void) => {
      const timer = { milliseconds, run };
      all.push(timer);
      return () => {
        all = all.filter((other) => other !== timer);
      };
    },
  };
  const tab = () => {
    const channel = {
      onmessage: null as ((event: { data: unknown }) => void) | null,
      postMessage: (data: { message: TabMessage }) => {
        for (const other of channels) if (other !== channel) other.onmessage?.({ data });
      },
      close: () => undefined,
    };
    channels.push(channel);
    const feed = new SharedFeed({ environment, baseUrl: '', headers, link: new TabLink(channel as unknown as BroadcastChannel) });
    const heard: FeedEvent[] = [];
    const listen = () => feed.subscribe((event) => heard.push(event));
    const lead = async () => {
      feed.lead(true);
      await settled();
    };
    return { feed, heard, listen, lead };
  };
  /** Those that wait, but for the silence. */
  const timers = () => all.filter(({ milliseconds }) => milliseconds !== SILENCE_MS).map(({ milliseconds }) => milliseconds);
  const run = async (milliseconds: number) => {
    const timer = all.find((other) => other.milliseconds === milliseconds)!;
    all = all.filter((other) => other !== timer);
    timer.run();
    await settled();
  };
  return { tab, sources, timers, run };
}

const run = (id: string) => ({ event: 'run' as const, data: { id } });

describe('SharedFeed', () => {
  it('is read by the tab that leads, for all', async () => {
    const { tab, sources } = browser();
    const first = tab();
    const second = tab();
    first.listen();
    second.listen();
    expect(sources).toEqual([]);
    await first.lead();
    await sources[0]!.send('ready', { cursor: '7' });
    await sources[0]!.send('run', { id: 'r' }, '8');
    expect(sources.map(({ url }) => url)).toEqual(['/feed']);
    expect(first.heard.slice(-2)).toEqual([{ event: 'missed' }, run('r')]);
    expect(second.heard.slice(-2)).toEqual([{ event: 'missed' }, run('r')]);
  });

  it('is asked for as every other request is: with a trace and the headers of the page', async () => {
    const { tab, sources } = browser(() => ({ authorization: 'Bearer test' }));
    const { listen, lead } = tab();
    listen();
    await lead();
    expect(sources[0]!.headers).toEqual({ accept: 'text/event-stream', traceparent: `00-${'07'.repeat(16)}-${'07'.repeat(8)}-01`, authorization: 'Bearer test' });
  });

  it('tells a tab that begins to listen to look at everything once', async () => {
    const { tab } = browser();
    const late = tab();
    late.listen();
    await Promise.resolve();
    expect(late.heard).toEqual([{ event: 'missed' }]);
  });

  it('goes on in another tab after the last change that all have heard', async () => {
    const { tab, sources } = browser();
    const first = tab();
    const second = tab();
    second.listen();
    await first.lead();
    await sources[0]!.send('run', { id: 'r' }, '8');
    first.feed.close();
    await second.lead();
    expect(sources.map(({ url, isAborted }) => [url, isAborted])).toEqual([
      ['/feed', true],
      ['/feed?after=8', false],
    ]);
    await sources[1]!.send('ready', { cursor: '8' });
    expect(second.heard).toEqual([{ event: 'missed' }, run('r')]);
  });

  it('opens a broken feed again after its place, and a refused one from now on', async () => {
    const { tab, sources, timers, run } = browser();
    const { feed, heard, listen, lead } = tab();
    listen();
    await lead();
    await sources[0]!.send('ready', { cursor: '3' });
    await sources[0]!.breakOff();
    expect(timers()).toEqual([250]);
    await run(250);
    expect(sources[1]!.url).toBe('/feed?after=3');
    await sources[1]!.refuse(409);
    expect(timers()).toEqual([10_000]);
    feed.tryNow();
    await settled();
    expect(sources[2]!.url).toBe('/feed');
    await sources[2]!.send('ready', { cursor: '9' });
    expect(heard).toEqual([{ event: 'missed' }, { event: 'missed' }, { event: 'missed' }]);
    await sources[2]!.end();
    await run(2_000);
    expect(sources[3]!.url).toBe('/feed?after=9');
  });

  it('keeps its place while the server is in trouble, and asks again when that wants it', async () => {
    const { tab, sources, timers, run } = browser();
    const { listen, lead } = tab();
    listen();
    await lead();
    await sources[0]!.send('ready', { cursor: '3' });
    await sources[0]!.end();
    await run(250);
    await sources[1]!.refuse(503, { 'retry-after': '30' });
    expect(timers()).toEqual([30_000]);
    await run(30_000);
    expect(sources[2]!.url).toBe('/feed?after=3');
    await sources[2]!.refuse(401);
    expect(timers()).toEqual([10_000]);
  });

  it('takes an answer that is no feed for a refusal', async () => {
    const { tab, sources, timers } = browser();
    const { listen, lead } = tab();
    listen();
    await lead();
    await sources[0]!.refuse(200, { 'content-type': 'text/html' });
    expect(timers()).toEqual([10_000]);
  });

  it('opens a feed again that says nothing for long, be it before its answer or after it', async () => {
    const { tab, sources, run } = browser();
    const { listen, lead } = tab();
    listen();
    await lead();
    await run(SILENCE_MS);
    await run(250);
    await sources[1]!.send('ready', { cursor: '3' });
    await sources[1]!.say(': still there\n\n');
    await run(SILENCE_MS);
    await run(1_000);
    expect(sources.map(({ url, isAborted }) => [url, isAborted])).toEqual([
      ['/feed', true],
      ['/feed', true],
      ['/feed?after=3', false],
    ]);
  });

  it('goes on from now where an event is larger than it can take', async () => {
    const { tab, sources, run } = browser();
    const { listen, lead } = tab();
    listen();
    await lead();
    await sources[0]!.send('ready', { cursor: '3' });
    await sources[0]!.say(`id: 4\nevent: message\ndata: "${'x'.repeat(5 * 1024 * 1024)}`);
    await run(250);
    expect(sources[1]!.url).toBe('/feed');
  });

  it('waits longer and longer for a feed that breaks as soon as it is ready', async () => {
    const { tab, sources, timers, run } = browser();
    const { listen, lead } = tab();
    listen();
    await lead();
    const pauses: number[] = [];
    const breakOff = async () => {
      await sources.at(-1)!.breakOff();
      pauses.push(...timers());
      await run(timers()[0]!);
    };
    for (let time = 0; time < 4; time += 1) {
      await sources.at(-1)!.send('ready', { cursor: '3' });
      await breakOff();
    }
    await sources.at(-1)!.send('ready', { cursor: '3' });
    // It lasts.
    await run(10_000);
    await breakOff();
    expect(pauses).toEqual([250, 1_000, 2_000, 4_000, 250]);
  });

  it('leaves out what it cannot read', async () => {
    const { tab, sources } = browser();
    const { heard, listen, lead } = tab();
    listen();
    await lead();
    await sources[0]!.send('message', '<html>', '1');
    await sources[0]!.send('message', '[]', '2');
    await sources[0]!.send('notice', { code: 'store_busy' });
    await sources[0]!.send('run', { id: 'r' }, '3');
    expect(heard.slice(1)).toEqual([run('r')]);
  });
});
