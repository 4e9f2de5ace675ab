import type { Conversation, RunState, StoredMessage } from '../api/types';

/** How long to wait before a feed that the server refused is asked for again, in milliseconds. */
const REFUSED_PAUSE_MS = 10_000;

/** The pauses before a feed that broke off is opened again, in milliseconds; the last one repeats. */
const BROKEN_PAUSES_MS = [250, 1_000, 2_000, 4_000, 8_000, 15_000];

export interface FeedDependencies {
  /** Opens the feed after a cursor; `null`: from now on. */
  open(after: string | null): EventSource;
  onConversation(conversation: Conversation): void;
  onMessage(message: StoredMessage): void;
  onRun(run: RunState): void;
  /** Changes may have been missed: look at everything again. */
  onMissed(): void;
  /** Calls back later, in milliseconds. */
  later(milliseconds: number, run: () => void): void;
}

/**
 * Hears from the server what changes, whoever changes it: another tab, another device, the server itself.
 *
 * It holds a connection only while the page is looked at, for browsers allow few of them to one server, and goes on after the last
 * change that it heard of, so that nothing is missed in between. A connection that breaks is opened again here and not by the browser,
 * which knows no place in a feed that has told no change yet.
 */
export class FeedService {
  private readonly dependencies: FeedDependencies;
  private source: EventSource | null = null;
  private cursor: string | null = null;
  private wanted = false;
  /** How often in a row it broke off before all was told. */
  private failures = 0;

  constructor(dependencies: FeedDependencies) {
    this.dependencies = dependencies;
  }

  /** Connects while the document is visible. */
  install(document: Document): void {
    const follow = () => (document.visibilityState === 'visible' ? this.connect() : this.disconnect());
    document.addEventListener('visibilitychange', follow);
    follow();
  }

  connect(): void {
    this.wanted = true;
    if (this.source) return;
    const isAnew = this.cursor === null;
    const source = this.dependencies.open(this.cursor);
    this.source = source;
    const on = (name: string, take: (data: unknown) => void) =>
      source.addEventListener(name, (event) => {
        if (this.source !== source) return;
        if (event.lastEventId !== '') this.cursor = event.lastEventId;
        take(JSON.parse(event.data as string));
      });
    on('conversation', (data) => this.dependencies.onConversation(data as Conversation));
    on('message', (data) => this.dependencies.onMessage(data as StoredMessage));
    on('run', (data) => this.dependencies.onRun(data as RunState));
    on('ready', (data) => {
      this.cursor = (data as { cursor: string }).cursor;
      this.failures = 0;
      // From now on nothing is missed; what was read before this moment may be older.
      if (isAnew) this.dependencies.onMissed();
    });
    source.addEventListener('error', () => {
      if (this.source !== source) return;
      this.source = null;
      const isRefused = source.readyState === EventSource.CLOSED;
      source.close();
      // What is refused is this cursor, as far as anybody can know.
      if (isRefused) this.cursor = null;
      const pause = isRefused ? REFUSED_PAUSE_MS : BROKEN_PAUSES_MS[Math.min(this.failures, BROKEN_PAUSES_MS.length - 1)]!;
      this.failures += 1;
      this.dependencies.later(pause, () => this.tryNow());
    });
  }

  /** Connects at once where a connection is wanted and none is there. */
  tryNow(): void {
    if (this.wanted) this.connect();
  }

  disconnect(): void {
    this.wanted = false;
    this.source?.close();
    this.source = null;
  }
}
