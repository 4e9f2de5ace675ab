import { ApiProblem } from '../api/errors';
import type { AppendMessage, AppendResult } from '../api/types';
import type { PersistenceService, QueueStatus, SaveListener, SaveReason, SaveState, SaveStatus } from './persistenceService';

/** The delays before the second, third and fourth try, in milliseconds. After that the lane waits, for `flush` where the server is away. */
const RETRY_DELAYS_MS = [500, 1_500, 4_000];

/** How long a lane waits that a server refused which is there but busy: nothing else would tell that it is free again, in milliseconds. */
const BUSY_PAUSE_MS = 10_000;

/** Bounds of one request: items, and bytes of JSON. */
const BATCH_ITEMS = 200;
const BATCH_BYTES = 2_600_000;

/** The most bytes a browser lets a request carry that outlives its page. */
const KEEPALIVE_BYTES = 60_000;

interface Item {
  message: AppendMessage;
  bytes: number;
  state: SaveState;
  reason: SaveReason | null;
  seq: number | null;
}

interface Lane {
  items: Item[];
  running: Promise<void> | null;
  /** A try that comes by itself is due. */
  isPausing: boolean;
}

export interface DirectPersistenceDependencies {
  append(messages: AppendMessage[], options: { keepalive?: boolean }): Promise<AppendResult[]>;
  /** Resolves when the server knows the conversation; rejects like a request does. */
  ensureConversation(conversationId: string): Promise<void>;
  /** Waits, in milliseconds. */
  delay(milliseconds: number): Promise<void>;
}

/**
 * Today's implementation: appends go straight to the server, one request at a time per conversation, with the
 * messages' own ids, so that a repeat after a lost answer is a `duplicate` and not a second message.
 *
 * It keeps what is not saved in memory alone: closing the tab while something is unsaved loses it, which is why the page
 * asks before it is closed. The durable outbox (IndexedDB, one sender among all tabs, numbered lanes) replaces this class
 * behind the same interface.
 */
export class DirectPersistenceService implements PersistenceService {
  private readonly dependencies: DirectPersistenceDependencies;
  private readonly lanes = new Map<string, Lane>();
  private readonly known = new Set<string>();
  private readonly listeners = new Set<SaveListener>();

  constructor(dependencies: DirectPersistenceDependencies) {
    this.dependencies = dependencies;
  }

  queueMessage(message: AppendMessage, conversationId: string): void {
    if (this.known.has(message.id)) return;
    this.known.add(message.id);
    const lane = this.lanes.get(conversationId) ?? { items: [], running: null, isPausing: false };
    this.lanes.set(conversationId, lane);
    const item: Item = { message, bytes: new TextEncoder().encode(JSON.stringify(message)).length, state: 'queued', reason: null, seq: null };
    lane.items.push(item);
    this.tell(item);
    const ahead = lane.items.find((other) => other.state === 'waiting');
    if (ahead) this.change(item, 'waiting', { code: 'behind_another', detail: 'An earlier message of this conversation is sent first.' });
    else this.start(lane);
  }

  async flush(): Promise<void> {
    for (const lane of this.lanes.values()) {
      for (const item of lane.items) if (item.state === 'waiting') this.change(item, 'queued', null);
      this.start(lane);
    }
    await Promise.all([...this.lanes.values()].map((lane) => lane.running));
  }

  getQueueStatus(): QueueStatus {
    const status: QueueStatus = { queued: 0, sending: 0, waiting: 0, failed: 0 };
    for (const lane of this.lanes.values()) {
      for (const item of lane.items) if (item.state !== 'saved') status[item.state] += 1;
    }
    return status;
  }

  subscribe(listener: SaveListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  retryFailed(messageId: string): void {
    for (const lane of this.lanes.values()) {
      const from = lane.items.findIndex((candidate) => candidate.message.id === messageId && candidate.state === 'failed');
      if (from < 0) continue;
      for (const item of lane.items.slice(from)) if (item.state === 'failed') this.change(item, 'queued', null);
      this.start(lane);
    }
  }

  handOver(): void {
    const unsaved = [...this.lanes.values()].flatMap((lane) => lane.items.filter((item) => item.state !== 'failed').map((item) => item.message));
    const messages: AppendMessage[] = [];
    let bytes = 0;
    for (const message of unsaved) {
      bytes += new TextEncoder().encode(JSON.stringify(message)).length;
      if (bytes > KEEPALIVE_BYTES) break;
      messages.push(message);
    }
    if (messages.length > 0) this.dependencies.append(messages, { keepalive: true }).catch(() => undefined);
  }

  private start(lane: Lane, failures = 0): void {
    lane.running ??= this.drain(lane, failures);
  }

  /** Sends a lane's queued items until none is left or the server stays away. */
  private async drain(lane: Lane, failuresBefore: number): Promise<void> {
    // One turn of the event loop, so that what is queued together is sent together.
    await Promise.resolve();
    try {
      let failures = failuresBefore;
      for (;;) {
        const batch = nextBatch(lane.items);
        if (batch.length === 0) return;
        for (const item of batch) this.change(item, 'sending', null);
        try {
          await this.dependencies.ensureConversation(batch[0]!.message.conversationId);
          this.settle(lane, batch, await this.append(batch));
          failures = 0;
        } catch (error) {
          if (error instanceof ApiProblem && !error.isTransient) {
            this.refuse(batch, error);
            continue;
          }
          for (const item of batch) this.change(item, 'queued', null);
          const pause = retryDelay(failures, error);
          failures += 1;
          if (pause === null) {
            this.wait(lane, error);
            return;
          }
          await this.dependencies.delay(pause);
        }
      }
    } finally {
      // Here and not when the promise has settled: what is queued in between would find nobody to send it.
      lane.running = null;
    }
  }

  private async append(batch: readonly Item[]): Promise<AppendResult[]> {
    try {
      return await this.dependencies.append(batch.map((item) => item.message), {});
    } catch (error) {
      // A request in which everything was refused is a problem that carries the items' outcomes.
      if (error instanceof ApiProblem && error.results && !error.isTransient) return error.results;
      throw error;
    }
  }

  private settle(lane: Lane, batch: readonly Item[], results: readonly AppendResult[]): void {
    const byId = new Map(results.map((result) => [result.id, result]));
    for (const item of batch) {
      const result = byId.get(item.message.id);
      if (result?.outcome === 'stored' || result?.outcome === 'duplicate') {
        item.seq = result.seq ?? null;
        this.change(item, 'saved', null);
        lane.items.splice(lane.items.indexOf(item), 1);
      } else {
        const code = result?.code ?? result?.outcome ?? 'no_outcome';
        this.change(item, 'failed', { code, detail: result?.detail ?? 'The server did not store this message.' });
      }
    }
  }

  /** The request as a whole was refused: one item can be blamed alone, of several each is tried by itself. */
  private refuse(batch: readonly Item[], error: ApiProblem): void {
    const reason = { code: error.code, detail: error.message };
    if (batch.length === 1) {
      this.change(batch[0]!, 'failed', reason);
      return;
    }
    for (const item of batch) {
      item.bytes = BATCH_BYTES;
      this.change(item, 'queued', null);
    }
  }

  private wait(lane: Lane, error: unknown): void {
    const reason: SaveReason =
      error instanceof ApiProblem
        ? { code: 'server_busy', detail: error.message }
        : { code: 'server_away', detail: 'The server cannot be reached.' };
    for (const item of lane.items) if (item.state === 'queued') this.change(item, 'waiting', reason);
    if (error instanceof ApiProblem) void this.tryAgainLater(lane, Math.max(BUSY_PAUSE_MS, error.problem.retryAfterMs ?? 0));
  }

  /** One more try; when that fails too, it waits for as long again. */
  private async tryAgainLater(lane: Lane, milliseconds: number): Promise<void> {
    if (lane.isPausing) return;
    lane.isPausing = true;
    await this.dependencies.delay(milliseconds);
    lane.isPausing = false;
    if (lane.running) return;
    for (const item of lane.items) if (item.state === 'waiting') this.change(item, 'queued', null);
    this.start(lane, RETRY_DELAYS_MS.length);
  }

  private change(item: Item, state: SaveState, reason: SaveReason | null): void {
    if (item.state === state && item.reason?.code === reason?.code) return;
    item.state = state;
    item.reason = reason;
    this.tell(item);
  }

  private tell(item: Item): void {
    const status: SaveStatus = {
      messageId: item.message.id,
      conversationId: item.message.conversationId,
      state: item.state,
      reason: item.reason,
      seq: item.seq,
    };
    for (const listener of this.listeners) listener(status);
  }
}

function nextBatch(items: readonly Item[]): Item[] {
  const batch: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    if (item.state !== 'queued') continue;
    if (batch.length > 0 && (batch.length >= BATCH_ITEMS || bytes + item.bytes > BATCH_BYTES)) break;
    batch.push(item);
    bytes += item.bytes;
  }
  return batch;
}

function retryDelay(failures: number, error: unknown): number | null {
  const delay = RETRY_DELAYS_MS[failures];
  if (delay === undefined) return null;
  const asked = error instanceof ApiProblem ? (error.problem.retryAfterMs ?? 0) : 0;
  return Math.max(asked, delay * (0.5 + Math.random()));
}
