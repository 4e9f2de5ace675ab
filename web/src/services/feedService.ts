import type { Conversation, StoredMessage } from '../api/types';

/** How long to wait before a feed that the server refused is asked for again, in milliseconds. */
const REFUSED_PAUSE_MS = 10_000;

export interface FeedDependencies {
  /** Opens the feed after a cursor; `null`: from now on. */
  open(after: string | null): EventSource;
  onConversation(conversation: Conversation): void;
  onMessage(message: StoredMessage): void;
  /** Changes may have been missed: look at everything again. */
  onMissed(): void;
  /** Calls back later, in milliseconds. */
  later(milliseconds: number, run: () => void): void;
}

/**
 * Hears from the server what changes, whoever changes it: another tab, another device, the server itself.
 *
 * It holds a connection only while the page is looked at, for browsers allow few of them to one server, and goes on after the last
 * change that it heard of, so that nothing is missed in between.
 */
export class FeedService {
  private readonly dependencies: FeedDependencies;
  private source: EventSource | null = null;
  private cursor: string | null = null;
  private wanted = false;

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
    on('run', () => undefined);
    on('ready', (data) => {
      this.cursor = (data as { cursor: string }).cursor;
    });
    source.addEventListener('error', () => {
      // While it tries again by itself there is nothing to do; a refusal is final for this connection and this cursor.
      if (this.source !== source || source.readyState !== EventSource.CLOSED) return;
      this.source = null;
      this.cursor = null;
      this.dependencies.later(REFUSED_PAUSE_MS, () => {
        if (!this.wanted || this.source) return;
        this.dependencies.onMissed();
        this.connect();
      });
    });
  }

  disconnect(): void {
    this.wanted = false;
    this.source?.close();
    this.source = null;
  }
}
