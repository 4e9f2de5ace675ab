import { query } from '../classic/query.js';
import { eventsOf, EventTooLarge, parsedObject } from '../classic/eventStream.js';
import type { Environment } from '../environment.js';
import { newTrace } from '../ids.js';
import { Listeners } from '../listeners.js';
import { retryAfterMs } from '../persistence/transport.js';
import type { TabLink } from '../tabs/tabLink.js';
import type { ClientOptions, Feed, FeedEvent } from '../types.js';

/** How long to wait before a feed that the server refused is asked for again, in milliseconds. */
const REFUSED_PAUSE_MS = 10_000;

/** The pauses before a feed that broke off is opened again, in milliseconds; the last one repeats. */
const BROKEN_PAUSES_MS = [250, 1_000, 2_000, 4_000, 8_000, 15_000];

/** A feed that lasts so long is a good one, in milliseconds. */
const STEADY_MS = 10_000;

/** A server says something at least every 55 seconds; a connection that is silent for longer is dead, in milliseconds. */
const SILENCE_MS = 90_000;

const EVENTS: readonly string[] = ['conversation', 'message', 'run'];

export interface FeedDependencies {
  environment: Pick<Environment, 'fetch' | 'later' | 'now' | 'random'>;
  link: TabLink;
  baseUrl: string;
  headers?: ClientOptions['headers'];
}

/**
 * Hears from the server what changes, once for all tabs: the tab that sends the outbox reads the feed and tells the others.
 *
 * Each tab remembers the last place that it heard of, so that whichever tab reads next goes on there. It is read by fetch: the browser's own
 * `EventSource` takes no headers, and knows no place in a feed that has told no change yet.
 */
export class SharedFeed implements Feed {
  /** For those who hear of what is read for others, without wanting it themselves. */
  readonly events = new Listeners<FeedEvent>();
  private readonly dependencies: FeedDependencies;
  private reading: AbortController | null = null;
  private cursor: string | null = null;
  private isReader = false;
  private isWanted = false;
  private isClosed = false;
  /** How often in a row it broke off before it had lasted. */
  private failures = 0;
  private stopPause: () => void = () => undefined;
  private stopSteady: () => void = () => undefined;
  private stopSilence: () => void = () => undefined;

  constructor(dependencies: FeedDependencies) {
    this.dependencies = dependencies;
    dependencies.link.subscribe((message) => {
      if (message.type === 'feed') {
        this.cursor = message.cursor ?? this.cursor;
        if (message.event) this.events.tell(message.event);
      } else if (message.type === 'wantFeed') {
        this.isWanted = true;
        this.connect();
      } else if (message.type === 'tryFeed') {
        this.connect();
      }
    });
  }

  subscribe(listener: (event: FeedEvent) => void): () => void {
    this.isWanted = true;
    this.dependencies.link.post({ type: 'wantFeed' });
    this.connect();
    // Another tab may have been reading for long: what was before this moment is in what is read now.
    if (!this.isReader) queueMicrotask(() => listener({ event: 'missed' }));
    return this.events.add(listener);
  }

  tryNow(): void {
    if (!this.isReader) return this.dependencies.link.post({ type: 'tryFeed' });
    this.connect();
  }

  /** Whether this tab reads for all from now on. */
  lead(isReader: boolean): void {
    this.isReader = isReader;
    if (isReader) this.connect();
    else this.stop();
  }

  close(): void {
    this.isClosed = true;
    this.stop();
  }

  private stop(): void {
    this.stopPause();
    this.stopSteady();
    this.stopSilence();
    this.reading?.abort();
    this.reading = null;
  }

  private connect(): void {
    if (!this.isReader || !this.isWanted || this.isClosed || this.reading) return;
    this.stopPause();
    const reading = new AbortController();
    this.reading = reading;
    void this.read(reading).then((pause) => {
      if (this.reading !== reading) return;
      this.stop();
      this.stopPause = this.dependencies.environment.later(pause ?? BROKEN_PAUSES_MS[Math.min(this.failures, BROKEN_PAUSES_MS.length - 1)]!, () => this.connect());
      this.failures += 1;
    });
  }

  /** Reads until the feed ends, in whatever way; the answer is the pause that a refusal asks for. */
  private async read(reading: AbortController): Promise<number | void> {
    const { environment, baseUrl, headers } = this.dependencies;
    const { signal } = reading;
    const isAnew = this.cursor === null;
    const listen = () => {
      this.stopSilence();
      if (!signal.aborted) this.stopSilence = environment.later(SILENCE_MS, () => reading.abort());
    };
    listen();
    try {
      const own = await headers?.();
      const response = await environment.fetch(`${baseUrl}/feed${query({ after: this.cursor ?? undefined })}`, {
        headers: { accept: 'text/event-stream', traceparent: newTrace(environment), ...own },
        cache: 'no-store',
        signal,
      });
      const { status } = response;
      if (status !== 200 || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
        // What is refused is this cursor, as far as anybody can know; a server in trouble, or one that wants to know who asks, refuses none.
        if (status < 500 && status !== 429 && status !== 401) this.cursor = null;
        response.body?.cancel().catch(() => undefined);
        return Math.max(REFUSED_PAUSE_MS, retryAfterMs(response, environment.now()) ?? 0);
      }
      for await (const { event, data, id } of eventsOf(response, listen)) {
        if (signal.aborted) return;
        this.take(event, data, id, isAnew);
      }
    } catch (error) {
      // It would be as large the next time: what is shown is read again in its place.
      if (error instanceof EventTooLarge) this.cursor = null;
    }
  }

  private take(event: string, text: string, id: string, isAnew: boolean): void {
    const data = parsedObject(text);
    // What makes no sense is left out; asking again would bring the same.
    if (!data) return;
    if (EVENTS.includes(event)) {
      if (id !== '') this.cursor = id;
      this.tell({ event, data } as FeedEvent);
    } else if (event === 'ready') {
      if (typeof data.cursor === 'string') this.cursor = data.cursor;
      this.stopSteady();
      this.stopSteady = this.dependencies.environment.later(STEADY_MS, () => {
        this.failures = 0;
      });
      // From now on nothing is missed; what was read before this moment may be older.
      this.tell(isAnew ? { event: 'missed' } : null);
    }
  }

  private tell(event: FeedEvent | null): void {
    this.dependencies.link.post({ type: 'feed', event, cursor: this.cursor });
    if (event) this.events.tell(event);
  }
}
