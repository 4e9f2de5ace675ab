// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { FeedService } from './feedService';

/** A source that the test feeds. */
class FakeSource extends EventTarget {
  readyState = 1;
  closed = false;

  close(): void {
    this.closed = true;
    this.readyState = 2;
  }

  send(event: string, data: object, id = ''): void {
    this.dispatchEvent(new MessageEvent(event, { data: JSON.stringify(data), lastEventId: id }));
  }

  refuse(): void {
    this.readyState = 2;
    this.dispatchEvent(new Event('error'));
  }

  breakOff(): void {
    this.readyState = 0;
    this.dispatchEvent(new Event('error'));
  }
}

function setUp() {
  const opened: (string | null)[] = [];
  const sources: FakeSource[] = [];
  const heard: string[] = [];
  const later: (() => void)[] = [];
  const feed = new FeedService({
    open: (after) => {
      opened.push(after);
      const source = new FakeSource();
      sources.push(source);
      return source as unknown as EventSource;
    },
    onConversation: (conversation) => heard.push(`conversation ${conversation.id}`),
    onMessage: (message) => heard.push(`message ${message.id}`),
    onRun: (run) => heard.push(`run ${run.id}`),
    onMissed: () => heard.push('missed'),
    later: (_, run) => later.push(run),
  });
  return { feed, opened, sources, heard, later };
}

describe('FeedService', () => {
  beforeEach(() => {
    globalThis.EventSource = Object.assign(globalThis.EventSource ?? class {}, { CLOSED: 2 }) as typeof EventSource;
  });

  it('tells what changed, and goes on after it when it connects again', () => {
    const { feed, opened, sources, heard } = setUp();
    feed.connect();
    sources[0]!.send('ready', { cursor: '7' });
    sources[0]!.send('message', { id: 'm' }, '8');
    sources[0]!.send('conversation', { id: 'c' }, '9');
    sources[0]!.send('run', { id: 'r' }, '10');
    feed.disconnect();
    expect(sources[0]!.closed).toBe(true);
    feed.connect();
    expect(opened).toEqual([null, '10']);
    expect(heard).toEqual(['missed', 'message m', 'conversation c', 'run r']);
  });

  it('goes on from where it was ready when nothing has changed since', () => {
    const { feed, opened, sources } = setUp();
    feed.connect();
    sources[0]!.send('ready', { cursor: '7' });
    feed.disconnect();
    feed.connect();
    expect(opened).toEqual([null, '7']);
  });

  it('begins anew and looks at everything after a refusal', () => {
    const { feed, opened, sources, heard, later } = setUp();
    feed.connect();
    sources[0]!.send('ready', { cursor: '7' });
    sources[0]!.refuse();
    later[0]!();
    sources[1]!.send('ready', { cursor: '3' });
    expect(opened).toEqual([null, null]);
    expect(heard).toEqual(['missed', 'missed']);
  });

  it('goes on from where it was ready when the connection breaks before any change was told', () => {
    const { feed, opened, sources, heard, later } = setUp();
    feed.connect();
    sources[0]!.send('ready', { cursor: '7' });
    sources[0]!.breakOff();
    expect(sources[0]!.closed).toBe(true);
    later[0]!();
    sources[1]!.send('message', { id: 'm' }, '8');
    sources[1]!.send('ready', { cursor: '8' });
    expect(opened).toEqual([null, '7']);
    expect(heard).toEqual(['missed', 'message m']);
  });

  it('connects at once when the server is known to be back, and then not once more', () => {
    const { feed, opened, sources, later } = setUp();
    feed.connect();
    sources[0]!.send('ready', { cursor: '7' });
    sources[0]!.breakOff();
    feed.tryNow();
    later[0]!();
    expect(opened).toEqual([null, '7']);
  });

  it('stays away after a refusal when nobody looks', () => {
    const { feed, opened, sources, later } = setUp();
    feed.connect();
    sources[0]!.refuse();
    feed.disconnect();
    later[0]!();
    expect(opened).toEqual([null]);
  });
});
