import type { Environment } from '../environment.js';
import { Listeners } from '../listeners.js';
import type { TabLink } from '../tabs/tabLink.js';
import type { Feed, FeedEvent } from '../types.js';

/** How long to wait before a feed that the server refused is asked for again, in milliseconds. */
const REFUSED_PAUSE_MS = 10_000;

/** The pauses before a feed that broke off is opened again, in milliseconds; the last one repeats. */
const BROKEN_PAUSES_MS = [250, 1_000, 2_000, 4_000, 8_000, 15_000];

export interface SharedFeedDependencies {
  environment: Pick<Environment, 'later' | 'openEventSource'>;
  baseUrl: string;
  link: TabLink;
}

/**
 * What changed on the server, heard by one tab for all of a browser: browsers allow few connections to one server, and each answer that comes needs one.
 *
 * The tab that leads reads and passes on, with the place in the feed after each change; a tab that takes over goes on from there. So no tab misses a
 * change. Where one may have been missed all are told to look again.
 */
export class SharedFeed implements Feed {
  private readonly dependencies: SharedFeedDependencies;
  private readonly listeners = new Listeners<FeedEvent>();
  private readonly stopHearing: () => void;
  private source: EventSource | null = null;
  private stopWaiting: () => void = () => undefined;
  private cursor: string | null = null;
  private isLeading = false;
  private isClosed = false;
  /** How often in a row it broke off before all was told. */
  private failures = 0;

  constructor(dependencies: SharedFeedDependencies) {
    this.dependencies = dependencies;
    this.stopHearing = dependencies.link.subscribe((message) => {
      if (message.type === 'feed') {
        this.cursor = message.cursor ?? this.cursor;
        this.tell(message.event);
      } else if (message.type === 'tryFeed' && this.isLeading) {
        this.tryNow();
      }
    });
  }

  subscribe(listener: (event: FeedEvent) => void): () => void {
    const isFirst = this.listeners.size === 0;
    const stop = this.listeners.add(listener);
    // What happened before somebody listened was told to nobody.
    if (isFirst && !this.isLeading) queueMicrotask(() => this.tell({ event: 'missed' }));
    if (isFirst) this.connect();
    return stop;
  }

  tryNow(): void {
    if (this.isLeading) this.connect();
    else this.dependencies.link.post({ type: 'tryFeed' });
  }

  /** Whether this tab reads for all. */
  lead(isLeading: boolean): void {
    if (this.isLeading === isLeading || this.isClosed) return;
    this.isLeading = isLeading;
    if (isLeading) this.connect();
    else this.disconnect();
  }

  close(): void {
    this.isClosed = true;
    this.isLeading = false;
    this.disconnect();
    this.stopHearing();
  }

  private connect(): void {
    const { environment, baseUrl } = this.dependencies;
    if (!this.isLeading || this.source || !environment.openEventSource) return;
    this.stopWaiting();
    const isAnew = this.cursor === null;
    const source = environment.openEventSource(`${baseUrl}/feed${isAnew ? '' : `?after=${encodeURIComponent(this.cursor!)}`}`);
    this.source = source;
    for (const name of ['conversation', 'message', 'run'] as const) {
      source.addEventListener(name, (event) => {
        if (this.source !== source) return;
        if (event.lastEventId !== '') this.cursor = event.lastEventId;
        const data = parse(event.data);
        if (data) this.passOn({ event: name, data });
      });
    }
    source.addEventListener('ready', (event) => {
      if (this.source !== source) return;
      const cursor = parse((event as MessageEvent).data)?.['cursor'];
      if (typeof cursor === 'string') this.cursor = cursor;
      this.failures = 0;
      // From now on nothing is missed; what was read before this moment may be older.
      if (isAnew) this.passOn({ event: 'missed' });
    });
    source.addEventListener('error', () => {
      if (this.source !== source) return;
      this.source = null;
      const isRefused = source.readyState === 2;
      source.close();
      // What is refused is this cursor, as far as anybody can know.
      if (isRefused) this.cursor = null;
      const pause = isRefused ? REFUSED_PAUSE_MS : BROKEN_PAUSES_MS[Math.min(this.failures, BROKEN_PAUSES_MS.length - 1)]!;
      this.failures += 1;
      this.stopWaiting = environment.later(pause, () => this.connect());
    });
  }

  private disconnect(): void {
    this.stopWaiting();
    this.source?.close();
    this.source = null;
  }

  private passOn(event: FeedEvent): void {
    this.dependencies.link.post({ type: 'feed', event, cursor: this.cursor });
    this.tell(event);
  }

  private tell(event: FeedEvent): void {
    this.listeners.tell(event);
  }
}

function parse(text: unknown): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
