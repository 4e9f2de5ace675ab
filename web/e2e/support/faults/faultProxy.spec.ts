import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test as base, expect } from '@playwright/test';
import * as faults from './fault.ts';
import { FaultProxy } from './faultProxy.ts';

/** A server that notes what it was asked. `/stream` stays open and is written to by the test. */
class Upstream {
  readonly asked: { method: string; path: string; host: string; origin: string; body: string }[] = [];
  /** How many streams have ended. */
  left = 0;
  readonly http = createServer((request, response) => void this.answer(request, response));
  private readonly streams = new Set<ServerResponse>();

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  send(text: string): void {
    for (const stream of this.streams) stream.write(text);
  }

  end(): void {
    for (const stream of this.streams) stream.end();
  }

  kill(): void {
    for (const stream of this.streams) stream.socket?.resetAndDestroy();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    this.asked.push({ method: request.method!, path: request.url!, host: request.headers.host ?? '', origin: request.headers.origin ?? '', body });
    if (request.url === '/stream') {
      this.streams.add(response);
      response.on('close', () => {
        this.streams.delete(response);
        this.left += 1;
      });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ results: ['a', 'b'].map((id) => ({ id, outcome: 'stored' })) }));
  }
}

const test = base.extend<{ upstream: Upstream; network: FaultProxy }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads from the pattern what a fixture needs.
  upstream: async ({}, use) => {
    const upstream = new Upstream();
    await new Promise<void>((resolve) => upstream.http.listen(0, '127.0.0.1', resolve));
    await use(upstream);
    upstream.http.closeAllConnections();
    upstream.http.close();
  },
  network: async ({ upstream }, use) => {
    const network = await FaultProxy.start(() => upstream.url);
    await use(network);
    await network.dispose();
  },
});

const post = (network: FaultProxy, body = '{}', path = '/message/append') =>
  fetch(network.url + path, { method: 'POST', body, headers: { 'content-type': 'application/json', origin: network.url } });

/** Opens the stream. Node's `fetch` takes a reset for the end of an answer, so it cannot be used here. */
const open = (network: FaultProxy) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    get(`${network.url}/stream`, resolve).once('error', reject);
  });

test('a request passes with its host, origin and body, and is recorded', async ({ network, upstream }) => {
  const answer = await post(network, '{"deviceId":"d","messages":[]}');
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ results: [{ id: 'a', outcome: 'stored' }, { id: 'b', outcome: 'stored' }] });
  expect(upstream.asked).toEqual([{ method: 'POST', path: '/message/append', host: new URL(network.url).host, origin: network.url, body: '{"deviceId":"d","messages":[]}' }]);
  expect(network.requests('/message/append')).toMatchObject([{ method: 'POST', status: 200, body: '{"deviceId":"d","messages":[]}' }]);
  expect(network.requests('/message/append')[0]!.fault).toBeUndefined();
});

test('a dropped request never reaches the server; a dropped answer does', async ({ network, upstream }) => {
  network.on('/message/append', faults.dropRequest(), { times: 1 });
  await expect(post(network)).rejects.toThrow();
  expect(upstream.asked).toHaveLength(0);
  network.on('/message/append', faults.dropAnswer(), { times: 1 });
  await expect(post(network)).rejects.toThrow();
  expect(upstream.asked).toHaveLength(1);
  expect((await post(network)).status).toBe(200);
  expect(network.seen.map((seen) => seen.fault)).toEqual(['dropRequest', 'dropAnswer', undefined]);
});

test('a request can be forwarded twice, and an answer come twice', async ({ network, upstream }) => {
  network.on('/message/append', faults.forwardTwice(), { times: 1 });
  expect((await post(network)).status).toBe(200);
  expect(upstream.asked).toHaveLength(2);
  network.on('/message/append', faults.answerTwice(), { times: 1 });
  const raw = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(network.url).port), '127.0.0.1');
    text(socket).then(resolve, () => resolve(''));
    socket.write('POST /message/append HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}');
  });
  expect(raw.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  expect(upstream.asked).toHaveLength(3);
});

test('a request and an answer can be held until the test lets them go', async ({ network, upstream }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const rule = network.on('/message/append', faults.hold({ request: held, answer: 20 }));
  const answer = post(network);
  await rule.met();
  expect(upstream.asked).toHaveLength(0);
  release();
  expect((await answer).status).toBe(200);
  expect(upstream.asked).toHaveLength(1);
});

test('problems carry what the API promises', async ({ network, upstream }) => {
  network.on('/message/append', faults.problem(429, 'rate_limited', { retryAfterMs: 1_500 }), { times: 1 });
  const busy = await post(network);
  expect([busy.status, busy.headers.get('retry-after'), busy.headers.get('content-type')]).toEqual([429, '2', 'application/problem+json']);
  expect(await busy.json()).toMatchObject({ status: 429, code: 'rate_limited', retryAfterMs: 1_500 });
  network.on('/message/append', faults.signInNeeded(), { times: 1 });
  expect((await post(network)).status).toBe(401);
  network.on('/message/append', faults.htmlPage(), { times: 1 });
  const page = await post(network);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html']);
  expect(upstream.asked).toHaveLength(0);
});

test('answers can be made nonsense after the server has done what it was asked', async ({ network, upstream }) => {
  network.on('/message/append', faults.halfJson(), { times: 1 });
  await expect(post(network).then((answer) => answer.json())).rejects.toThrow();
  network.on('/message/append', faults.fewerOutcomes(), { times: 1 });
  expect(await (await post(network)).json()).toEqual({ results: [{ id: 'a', outcome: 'stored' }] });
  network.on('/message/append', faults.unknownIds(), { times: 1 });
  const { results } = (await (await post(network)).json()) as { results: { id: string }[] };
  expect(results.map(({ id }) => id)).toEqual(['01900000-0000-7000-8000-000000000000', '01900000-0000-7000-8000-000000000001']);
  expect(upstream.asked).toHaveLength(3);
});

test('the server can be given another request than was sent', async ({ network, upstream }) => {
  network.on('/message/append', faults.emptied(), { times: 1 });
  await post(network, '{"deviceId":"d","messages":[{"id":"a","content":"words"}]}');
  expect(upstream.asked.map(({ body }) => body)).toEqual(['{"deviceId":"d","messages":[{"id":"a","content":[]}]}']);
});

test('rules end by count, by lifting and by what the request says, and the newest counts', async ({ network }) => {
  const status = async (body = '{}') => (await post(network, body)).status;
  const old = network.on(/^\/message/, faults.bareStatus(500));
  network.on('/message/append', faults.bareStatus(502), { times: 2, when: (seen) => seen.body.includes('x') });
  expect([await status(), await status('x'), await status('x'), await status('x')]).toEqual([500, 502, 502, 500]);
  expect(old.hits).toBe(2);
  old.lift();
  expect(await status()).toBe(200);
  network.on('/message/append', faults.bareStatus(500), { forMs: 0 });
  expect(await status()).toBe(200);
});

test('a stream is passed on as it comes, to its end', async ({ network, upstream }) => {
  const answer = await fetch(`${network.url}/stream`);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  upstream.send('data: 1\n\n');
  expect((await reader.read()).value).toBe('data: 1\n\n');
  upstream.send('data: 2\n\n');
  expect((await reader.read()).value).toBe('data: 2\n\n');
  upstream.end();
  expect((await reader.read()).done).toBe(true);
});

test('a stream can be cut after so many events, as if it were whole or by a reset', async ({ network, upstream }) => {
  network.on('/stream', faults.cut(1), { times: 1 });
  const whole = await open(network);
  upstream.send('data: 1\n\ndata: 2\n\n');
  expect(await text(whole)).toBe('data: 1\n\n');
  network.on('/stream', faults.cut(1, 'reset'), { times: 1 });
  const broken = await open(network);
  upstream.send('data: 1\n\n');
  await expect(text(broken)).rejects.toThrow();
});

test('a reader that goes away ends the request to the server, and a server that dies breaks the reader’s stream', async ({ network, upstream }) => {
  const leaving = new AbortController();
  await fetch(`${network.url}/stream`, { signal: leaving.signal });
  leaving.abort();
  await expect.poll(() => upstream.left).toBe(1);
  const cutOff = await open(network);
  upstream.kill();
  await expect(text(cutOff)).rejects.toThrow();
});

test('offline refuses connections and breaks those that there are; online is at the same address', async ({ network, upstream }) => {
  const { url } = network;
  const stream = await open(network);
  const broken = expect(text(stream)).rejects.toThrow();
  await network.goOffline();
  await broken;
  await expect(post(network)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  expect(upstream.asked).toHaveLength(1);
  await network.goOnline();
  expect(network.url).toBe(url);
  expect((await post(network)).status).toBe(200);
});
