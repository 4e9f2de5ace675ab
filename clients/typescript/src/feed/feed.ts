import type { Environment } from '../environment.js';
import { Listeners } from '../listeners.js';
import type { TabLink } from '../tabs/tabLink.js';
import type { Feed, FeedEvent } from '../types.js';

/** How long to wait before a feed that the server refused is asked for again, in milliseconds. */
const REFUSED_PAUSE_MS = 10_000;

/** The pauses before a feed that broke off is opened again, in milliseconds; the last one repeats. */
const BROKEN_PAUSES_MS = [250, 1_000, 2_000, 4_000, 8_000, 15_000];

/** A feed that lasts so long is a good one, in milliseconds. */
const STEADY_MS = 10_000;

const EVENTS = ['conversation', 'message', 'run'] as const;

export interface FeedDependencies {
  environment: Pick<Environment, 'openEventSource' | 'later'>;
  link: TabLink;
  baseUrl: string;
}

/**
 * Hears from the server what changes, once for all tabs: the tab that sends the outbox reads the feed and tells the others.
 *
 * Each tab remembers the last place that it heard of, so that whichever tab reads next goes on there. A connection that breaks is opened again here
 * and not by the browser, which knows no place in a feed that has told no change yet.
 */
export class SharedFeed implements Feed {
  private readonly dependencies: FeedDependencies;
  private readonly listeners = new Listeners<FeedEvent>();
  private source: EventSource | null = null;
  private cursor: string | null = null;
  private isReader = false;
  private isWanted = false;
  private isClosed = false;
  /** How often in a row it broke off before it had lasted. */
  private failures = 0;
  private stopPause: () => void = () => undefined;
  private stopSteady: () => void = () => undefined;

  constructor(dependencies: FeedDependencies) {
    this.dependencies = dependencies;
    dependencies.link.subscribe((message) => {
      if (message.type === 'feed') {
        this.cursor = message.cursor ?? this.cursor;
        if (message.event) this.listeners.tell(message.event);
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
    return this.listeners.add(listener);
  }

  tryNow(): void {
    if (!this.isReader) return this.dependencies.link.post({ type: 'tryFeed' });
    this.connect();
  }

  /** Whether this tab reads for all from now on. */
  lead(isReader: boolean): void {
    this.isReader = isReader;
    if (isReader) return this.connect();
    this.stopPause();
    this.source?.close();
    this.source = null;
  }

  close(): void {
    this.isClosed = true;
    this.stopPause();
    this.stopSteady();
    this.source?.close();
    this.source = null;
  }

  private connect(): void {
    const { openEventSource } = this.dependencies.environment;
    if (!this.isReader || !this.isWanted || this.isClosed || this.source || !openEventSource) return;
    this.stopPause();
    const isAnew = this.cursor === null;
    const after = this.cursor === null ? '' : `?after=${encodeURIComponent(this.cursor)}`;
    const source = openEventSource(`${this.dependencies.baseUrl}/feed${after}`);
    this.source = source;
    const on = (name: string, take: (data: Record<string, unknown>) => FeedEvent | null) =>
      source.addEventListener(name, (event: MessageEvent<string>) => {
        if (this.source !== source) return;
        const data = parsed(event.data);
        // What makes no sense is left out; asking again would bring the same.
        if (data === null) return;
        if (event.lastEventId !== '') this.cursor = event.lastEventId;
        this.tell(take(data));
      });
    for (const name of EVENTS) on(name, (data) => ({ event: name, data }));
    on('ready', ({ cursor }) => {
      if (typeof cursor === 'string') this.cursor = cursor;
      this.stopSteady();
      this.stopSteady = this.dependencies.environment.later(STEADY_MS, () => {
        this.failures = 0;
      });
      // From now on nothing is missed; what was read before this moment may be older.
      return isAnew ? { event: 'missed' } : null;
    });
    source.addEventListener('error', () => {
      if (this.source === source) this.broke(source);
    });
  }

  private broke(source: EventSource): void {
    this.source = null;
    this.stopSteady();
    const isRefused = source.readyState === CLOSED;
    source.close();
    // What is refused is this cursor, as far as anybody can know.
    if (isRefused) this.cursor = null;
    const pause = isRefused ? REFUSED_PAUSE_MS : BROKEN_PAUSES_MS[Math.min(this.failures, BROKEN_PAUSES_MS.length - 1)]!;
    this.failures += 1;
    this.stopPause = this.dependencies.environment.later(pause, () => this.connect());
  }

  private tell(event: FeedEvent | null): void {
    this.dependencies.link.post({ type: 'feed', event, cursor: this.cursor });
    if (event) this.listeners.tell(event);
  }
}

/** `EventSource.CLOSED`, also where there is no such class. */
const CLOSED = 2;

function parsed(text: string): Record<string, unknown> | null {
  try {
    const data = JSON.parse(text) as unknown;
    return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
