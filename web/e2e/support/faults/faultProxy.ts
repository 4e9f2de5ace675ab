import { createServer, type IncomingMessage, request as askUpstream, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, Fault } from './fault.ts';
import { Rule, type RuleOptions } from './rule.ts';
import { now, type Seen } from './seen.ts';

/** Headers that are about one connection and are not passed on. */
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'te', 'trailer', 'upgrade', 'proxy-authenticate', 'proxy-authorization']);

/** Something that the proxy answers by itself under its own origin, such as the page of a test. */
export type OwnAnswer = (path: string) => Answer | null;

/**
 * A proxy between the browser and the server that does to requests what networks do to them.
 *
 * - `Host` and `Origin` go through as the browser sent them, so the server sees a page of its own origin.
 * - Streams are passed on as they come. A browser that goes away ends the request to the server; a server that dies resets the browser's connection.
 * - Every connection serves one request: a browser silently repeats a request on a fresh connection when a used one is reset, and a fault would
 *   then hit something else than was meant.
 */
export class FaultProxy {
  /** What came, in the order in which the requests were complete. */
  readonly seen: Seen[] = [];
  private readonly target: () => string;
  private readonly ownAnswer: OwnAnswer;
  private readonly sockets = new Set<Socket>();
  private rules: Rule[] = [];
  private http: HttpServer | null = null;
  private port = 0;

  private constructor(target: () => string, ownAnswer: OwnAnswer) {
    this.target = target;
    this.ownAnswer = ownAnswer;
  }

  /** `target` is asked for the server's address at each request. */
  static async start(target: () => string, ownAnswer: OwnAnswer = () => null): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, ownAnswer);
    await proxy.goOnline();
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Does `fault` to the requests of a path from now on. */
  on(path: string | RegExp, fault: Fault, options: RuleOptions = {}): Rule {
    const rule = new Rule(path, fault, options);
    this.rules = [rule, ...this.rules.filter((other) => !other.isOver)];
    return rule;
  }

  /** Lets everything pass again. */
  clear(): void {
    for (const rule of this.rules) rule.lift();
    this.rules = [];
  }

  /** The requests of a path so far. */
  requests(path: string, method?: string): Seen[] {
    return this.seen.filter((seen) => seen.path === path && (method === undefined || seen.method === method));
  }

  /** Takes connections, after the first time at the address that it had before. */
  async goOnline(): Promise<void> {
    if (this.http) return;
    const http = createServer((incoming, outgoing) => void this.serve(incoming, outgoing).catch(() => reset(outgoing)));
    http.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      // Resets are this proxy's trade.
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(this.port, '127.0.0.1', resolve);
    });
    this.http = http;
    this.port = (http.address() as AddressInfo).port;
  }

  /** Refuses connections and resets those that there are. */
  async goOffline(): Promise<void> {
    const { http } = this;
    if (!http) return;
    this.http = null;
    const closed = new Promise((resolve) => http.close(resolve));
    for (const socket of this.sockets) socket.resetAndDestroy();
    await closed;
  }

  async dispose(): Promise<void> {
    this.clear();
    await this.goOffline();
  }

  private async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await readAll(incoming);
    const { pathname, search } = new URL(incoming.url ?? '/', 'http://proxy');
    const own = this.ownAnswer(pathname);
    if (own) return sendWhole(outgoing, own);
    const seen: Seen = { at: now(), method: incoming.method ?? 'GET', path: pathname, search, headers: flat(incoming.headers), body: body.toString() };
    this.seen.push(seen);
    outgoing.once('close', () => {
      seen.endedAt = now();
    });
    const rule = this.rules.find((candidate) => candidate.fits(seen));
    if (rule) {
      seen.fault = rule.fault.kind;
      rule.hit();
    }
    const ask = (changed = body) => this.ask(incoming, changed, outgoing, seen);
    await act(rule?.fault, body, ask, outgoing);
  }

  /** Forwards the request; resolves with the beginning of the answer. */
  private ask(incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse, seen: Seen): Promise<IncomingMessage> {
    const target = new URL(this.target());
    const headers = { ...incoming.headers, connection: 'close', ...(body.length > 0 ? { 'content-length': String(body.length) } : {}) };
    return new Promise((resolve, reject) => {
      const upstream = askUpstream({ host: target.hostname, port: target.port, method: incoming.method, path: incoming.url, headers, agent: false });
      upstream.once('error', reject);
      upstream.once('response', (answer) => {
        seen.status = answer.statusCode;
        answer.once('error', () => reset(outgoing));
        resolve(answer);
      });
      outgoing.once('close', () => upstream.destroy());
      upstream.end(body);
    });
  }
}

async function act(fault: Fault | undefined, body: Buffer, ask: (body?: Buffer) => Promise<IncomingMessage>, outgoing: ServerResponse): Promise<void> {
  switch (fault?.kind) {
    case undefined:
      return stream(await ask(), outgoing);
    case 'dropRequest':
      return reset(outgoing);
    case 'dropAnswer':
      await readAnswer(await ask());
      return reset(outgoing);
    case 'forwardTwice':
      await readAnswer(await ask());
      return stream(await ask(), outgoing);
    case 'answerTwice':
      return sendTwice(outgoing, await readAnswer(await ask()));
    case 'hold': {
      await waitFor(fault.request);
      const answer = await ask();
      await waitFor(fault.answer);
      return stream(answer, outgoing);
    }
    case 'changeRequest':
      return stream(await ask(Buffer.from(fault.change(body.toString()))), outgoing);
    case 'instead':
      return sendWhole(outgoing, fault.answer);
    case 'change':
      return sendWhole(outgoing, fault.change(await readAnswer(await ask())));
    case 'cut':
      return streamCut(await ask(), outgoing, fault.afterEvents, fault.how);
  }
}

function reset(outgoing: ServerResponse): void {
  outgoing.socket?.resetAndDestroy();
}

/** Passes the answer on as it comes. */
function stream(answer: IncomingMessage, outgoing: ServerResponse): void {
  begin(answer, outgoing);
  answer.pipe(outgoing);
}

/** Passes on whole events until there were enough of them. */
function streamCut(answer: IncomingMessage, outgoing: ServerResponse, afterEvents: number, how: 'reset' | 'end'): void {
  begin(answer, outgoing);
  let text = '';
  let events = 0;
  answer.setEncoding('utf8');
  answer.on('data', (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0 && events < afterEvents; end = text.indexOf('\n\n')) {
      outgoing.write(text.slice(0, end + 2));
      text = text.slice(end + 2);
      events += 1;
    }
    if (events < afterEvents) return;
    answer.destroy();
    if (how === 'end') outgoing.end();
    else outgoing.socket?.resetAndDestroy();
  });
  answer.once('end', () => outgoing.end(text));
}

function begin(answer: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.shouldKeepAlive = false;
  outgoing.writeHead(answer.statusCode ?? 502, passedOn(answer.headers));
  outgoing.flushHeaders();
}

function sendWhole(outgoing: ServerResponse, answer: Answer): void {
  outgoing.shouldKeepAlive = false;
  outgoing.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
  outgoing.end(answer.body);
}

function sendTwice(outgoing: ServerResponse, answer: Answer): void {
  const lines = Object.entries({ ...answer.headers, 'content-length': String(answer.body.length) }).map(([name, value]) => `${name}: ${value}\r\n`);
  const bytes = Buffer.concat([Buffer.from(`HTTP/1.1 ${answer.status} Twice\r\n${lines.join('')}\r\n`), answer.body]);
  outgoing.socket?.end(Buffer.concat([bytes, bytes]));
}

async function waitFor(what: number | Promise<unknown> | undefined): Promise<void> {
  await (typeof what === 'number' ? pause(what) : what);
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  const body = await readAll(answer);
  return { status: answer.statusCode ?? 502, headers: passedOn(answer.headers), body };
}

function passedOn(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(flat(headers)).filter(([name]) => !OF_THE_CONNECTION.has(name)));
}

function flat(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]));
}
