import { describe, expect, it } from 'vitest';
import type { TabMessage } from '../tabs/messages.js';
import { TabLink } from '../tabs/tabLink.js';
import type { FeedEvent } from '../types.js';
import { SharedFeed } from './feed.js';

/** A connection whose other end is the test. */
class Source extends EventTarget {
  readonly url: string;
  readyState = 1;

  constructor(url: string) {
    super();
    this.url = url;
  }

  send(name: string, data: unknown, lastEventId = ''): void {
    this.dispatchEvent(new MessageEvent(name, { data: typeof data === 'string' ? data : JSON.stringify(data), lastEventId }));
  }

  fail(readyState: 0 | 2): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event('error'));
  }

  close(): void {
    this.readyState = 2;
  }
}

/** Tabs of one browser: what one posts the others get at once. */
function browser() {
  const channels: { onmessage: ((event: { data: unknown }) => void) | null }[] = [];
  const sources: Source[] = [];
  const timers: { milliseconds: number; run: () => void }[] = [];
  const environment = {
    openEventSource: (url: string) => {
      const source = new Source(url);
      sources.push(source);
      return source as unknown as EventSource;
    },
    later: (milliseconds: number, run: () => void) => {
      const timer = { milliseconds, run };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer) >>> 0, 1);
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
    const feed = new SharedFeed({ environment, baseUrl: '', link: new TabLink(channel as unknown as BroadcastChannel) });
    const heard: FeedEvent[] = [];
    const listen = () => feed.subscribe((event) => heard.push(event));
    return { feed, heard, listen };
  };
  return { tab, sources, timers };
}

const run = (id: string) => ({ event: 'run' as const, data: { id } });

describe('SharedFeed', () => {
  it('is read by the tab that leads, for all', () => {
    const { tab, sources } = browser();
    const first = tab();
    const second = tab();
    first.listen();
    second.listen();
    expect(sources).toEqual([]);
    first.feed.lead(true);
    sources[0]!.send('ready', { cursor: '7' });
    sources[0]!.send('run', { id: 'r' }, '8');
    expect(sources.map(({ url }) => url)).toEqual(['/feed']);
    expect(first.heard).toEqual([{ event: 'missed' }, run('r')]);
    expect(second.heard).toEqual([{ event: 'missed' }, run('r')]);
  });

  it('tells a tab that begins to listen to look at everything once', async () => {
    const { tab } = browser();
    const late = tab();
    late.listen();
    await Promise.resolve();
    expect(late.heard).toEqual([{ event: 'missed' }]);
  });

  it('goes on in another tab after the last change that all have heard', () => {
    const { tab, sources } = browser();
    const first = tab();
    const second = tab();
    second.listen();
    first.feed.lead(true);
    sources[0]!.send('run', { id: 'r' }, '8');
    first.feed.close();
    second.feed.lead(true);
    expect(sources.map(({ url, readyState }) => [url, readyState])).toEqual([
      ['/feed', 2],
      ['/feed?after=8', 1],
    ]);
    sources[1]!.send('ready', { cursor: '8' });
    expect(second.heard).toEqual([run('r')]);
  });

  it('opens a broken feed again after its place, and a refused one from now on', () => {
    const { tab, sources, timers } = browser();
    const { feed, heard, listen } = tab();
    listen();
    feed.lead(true);
    sources[0]!.send('ready', { cursor: '3' });
    sources[0]!.fail(0);
    expect(timers.map(({ milliseconds }) => milliseconds)).toEqual([250]);
    timers[0]!.run();
    expect(sources[1]!.url).toBe('/feed?after=3');
    sources[1]!.fail(2);
    expect(timers.at(-1)!.milliseconds).toBe(10_000);
    feed.tryNow();
    expect(sources[2]!.url).toBe('/feed');
    sources[2]!.send('ready', { cursor: '9' });
    expect(heard).toEqual([{ event: 'missed' }, { event: 'missed' }]);
  });

  it('waits longer and longer for a feed that breaks as soon as it is ready', () => {
    const { tab, sources, timers } = browser();
    const { feed, listen } = tab();
    listen();
    feed.lead(true);
    const pauses: number[] = [];
    const breakOff = () => {
      sources.at(-1)!.fail(0);
      const timer = timers.pop()!;
      pauses.push(timer.milliseconds);
      timer.run();
    };
    for (let time = 0; time < 4; time += 1) {
      sources.at(-1)!.send('ready', { cursor: '3' });
      breakOff();
    }
    sources.at(-1)!.send('ready', { cursor: '3' });
    // It lasts.
    timers.pop()!.run();
    breakOff();
    expect(pauses).toEqual([250, 1_000, 2_000, 4_000, 250]);
  });

  it('leaves out what it cannot read', () => {
    const { tab, sources } = browser();
    const { feed, heard, listen } = tab();
    listen();
    feed.lead(true);
    sources[0]!.send('message', '<html>', '1');
    sources[0]!.send('message', '[]', '2');
    sources[0]!.send('run', { id: 'r' }, '3');
    expect(heard).toEqual([run('r')]);
  });
});
