import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeBrowser } from '../testing/fakeBrowser.js';
import { ServerUnreachable } from './api.js';
import { CircuitBreaker } from './circuitBreaker.js';
import { ConversationService } from './conversationService.js';
import { type ServerSentEvent, EventStreamReader } from './eventStream.js';
import { MessageService } from './messageService.js';
import { RetryQueue } from './retryQueue.js';

const wasm = readFileSync(new URL('../wasm/manent_engine_bg.wasm', import.meta.url));

describe('RetryQueue', () => {
  it('processes in order, each until it succeeds, and pauses while all fails', async () => {
    const browser = new FakeBrowser();
    const { tab } = await browser.open();
    const done: number[] = [];
    let calls = 0;
    let works = false;
    const process = async (item: number) => {
      calls += 1;
      if (!works) throw new Error('away');
      done.push(item);
    };
    const queue = new RetryQueue(process, { maxRetries: 3, backoffMs: 1_000, wasm }, tab.environment);
    for (const item of [1, 2, 3]) queue.enqueue(item);
    await browser.pass(60_000);
    expect([done, queue.size]).toEqual([[], 3]);
    expect(calls).toBeLessThan(20);
    works = true;
    await browser.pass(120_000);
    await queue.processQueue();
    expect([done, queue.size]).toEqual([[1, 2, 3], 0]);
  });

  it('gives out what can never succeed and goes on', async () => {
    const browser = new FakeBrowser();
    const { tab } = await browser.open();
    const failed: number[] = [];
    const done: number[] = [];
    const process = async (item: number) => {
      if (item === 1) throw new RangeError('never');
      done.push(item);
    };
    const queue = new RetryQueue(process, { isPermanent: (error) => error instanceof RangeError, onFailed: (item) => failed.push(item), wasm }, tab.environment);
    queue.enqueue(1);
    queue.enqueue(2);
    await browser.settle();
    expect([failed, done]).toEqual([[1], [2]]);
  });
});

describe('CircuitBreaker', () => {
  it('lets one probe through while it is half open', async () => {
    const browser = new FakeBrowser();
    const { tab } = await browser.open();
    const breaker = new CircuitBreaker({ threshold: 1, openMs: 1_000, wasm }, tab.environment);
    await expect(breaker.execute(async () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect((await breaker.state()).state).toBe('open');
    const calls: string[] = [];
    let answer: () => void = () => undefined;
    const first = breaker.execute(() => {
      calls.push('first');
      return new Promise<void>((resolve) => {
        answer = resolve;
      });
    });
    const second = breaker.execute(async () => calls.push('second'));
    await browser.pass(5_000);
    expect(calls).toEqual(['first']);
    answer();
    await browser.pass(5_000);
    await Promise.all([first, second]);
    expect(calls).toEqual(['first', 'second']);
    expect((await breaker.state()).state).toBe('closed');
  });
});

describe('what the services ask for', () => {
  const asking = (response: () => Response) => {
    const seen: [string, Record<string, string>][] = [];
    const fetch = async (url: string | URL | Request, init?: RequestInit) => {
      seen.push([String(url), init?.headers as Record<string, string>]);
      return response();
    };
    return { seen, service: new ConversationService({ baseUrl: 'http://here/', headers: () => ({ authorization: 'Bearer test' }), fetch }) };
  };

  it('has a trace and the headers of the page', async () => {
    const { seen, service } = asking(() => Response.json({ conversations: [], next: null }));
    expect(await service.list({ limit: 2 })).toEqual({ conversations: [], next: null });
    expect(seen).toEqual([['http://here/conversations?limit=2', { traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/) as string, authorization: 'Bearer test' }]]);
  });

  it('fails with the words of the server, or as unreachable where they make no sense', async () => {
    await expect(asking(() => Response.json({ code: 'not_found', detail: 'No.' }, { status: 404 })).service.get('c')).rejects.toMatchObject({ status: 404, code: 'not_found', message: 'No.' });
    await expect(asking(() => new Response('<html>', { status: 502 })).service.get('c')).rejects.toMatchObject({ status: 502, code: 'http_error' });
    await expect(asking(() => new Response('<html>')).service.get('c')).rejects.toBeInstanceOf(ServerUnreachable);
  });
});

describe('MessageService', () => {
  it('sends through the outbox, each message below the one before', async () => {
    const browser = new FakeBrowser();
    const { client, tab } = await browser.open();
    const messages = new MessageService(client, {}, tab.environment);
    const first = await messages.sendMessage('Hello');
    await messages.sendMessage('Again', first.conversationId);
    await browser.settle();
    expect(browser.server.storedIn(first.conversationId)).toHaveLength(2);
    expect(browser.server.conversations).toContain(first.conversationId);
    const sent = browser.server.requestsTo('/message/append').flatMap(({ body }) => body.messages as { parentId: string | null }[]);
    expect(sent.map(({ parentId }) => parentId)).toEqual([null, first.messageId]);
  });

  it('streams a run to its end, over a connection that breaks', async () => {
    const browser = new FakeBrowser();
    const { client, tab } = await browser.open();
    const bodies = ['id: 1\nevent: delta\ndata: {"text":"Hel"}\n\nid: 2\nevent: del', 'id: 2\nevent: delta\ndata: {"text":"lo"}\n\nid: 3\nevent: done\ndata: {"finishReason":"stop"}\n\n'];
    const asked: string[] = [];
    const environment = {
      ...tab.environment,
      fetch: async (url: string | URL | Request) => {
        asked.push(String(url));
        return new Response(bodies.shift());
      },
    };
    const messages = new MessageService(client, {}, environment);
    const events: unknown[] = [];
    const reading = (async () => {
      for await (const { event, data } of messages.streamCompletion([{ role: 'user', content: 'Hi' }], {}, { runId: 'run' })) events.push([event, data]);
    })();
    await browser.pass(1_000);
    await reading;
    expect(asked).toEqual(['/completion/generate', '/completion/run?after=1']);
    expect(events).toEqual([
      ['delta', { text: 'Hel' }],
      ['delta', { text: 'lo' }],
      ['done', { finishReason: 'stop' }],
    ]);
  });

  it('gives no event twice where a server begins anew, and gives up where that brings nothing new', async () => {
    const browser = new FakeBrowser();
    const { client, tab } = await browser.open();
    const events = [1, 2, 3].map((id) => `id: ${id}\nevent: delta\ndata: {"text":"${id}"}\n\nevent: notice\ndata: {"of":${id}}\n\n`);
    let asked = 0;
    const fetch = async () => {
      asked += 1;
      return new Response(events.slice(0, Math.min(asked, 3)).join(''));
    };
    const messages = new MessageService(client, {}, { ...tab.environment, fetch });
    const seen: unknown[] = [];
    const read = (async () => {
      for await (const { event, data } of messages.streamCompletion([], {}, { runId: 'run' })) if (event === 'delta') seen.push(data.text);
    })();
    const failed = expect(read).rejects.toBeInstanceOf(ServerUnreachable);
    await browser.pass(120_000);
    await failed;
    expect(seen).toEqual(['1', '2', '3']);
  });

  it('does not hurry to read on where every connection breaks, and keeps no event without an end', async () => {
    const browser = new FakeBrowser();
    const { client, tab } = await browser.open();
    let asked = 0;
    const fetch = async () => {
      asked += 1;
      return new Response(`id: ${asked}\nevent: delta\ndata: {"text":"H"}\n\n`);
    };
    const messages = new MessageService(client, {}, { ...tab.environment, fetch });
    const read = (async () => {
      for await (const _event of messages.streamCompletion([], {}, { runId: 'run' }));
    })();
    await browser.pass(5_000);
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(20);
    void read;
    const reader = new EventStreamReader();
    const chunk = new TextEncoder().encode(`data: ${'x'.repeat(65_536)}\n`);
    expect(() => {
      for (let count = 0; count < 100; count += 1) reader.push(chunk);
    }).toThrow(TypeError);
  });
});

describe('EventStreamReader', () => {
  it('gives the same events wherever the chunks are cut', () => {
    const text = ': hello\r\nid: 1\r\nevent: delta\rdata: {"ü":1}\ndata: two\n\n\n\ndata:x\n\nevent: cut';
    const bytes = new TextEncoder().encode(text);
    const expected: ServerSentEvent[] = [
      { event: 'delta', data: '{"ü":1}\ntwo', id: '1' },
      { event: 'message', data: 'x', id: '' },
    ];
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const reader = new EventStreamReader();
        const places = [0, ...cuts.toSorted((one, other) => one - other), bytes.length];
        const events = places.slice(1).flatMap((end, index) => reader.push(bytes.slice(places[index], end)));
        expect(events).toEqual(expected);
      }),
    );
  });
});
