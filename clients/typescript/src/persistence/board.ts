import type { WireState } from '../engine/wire.js';
import type { NewConversation, OutboxItem, OutboxMessage, SaveReason, SaveState, SaveStatus } from '../types.js';
import { wordsFor } from './words.js';

/** An item of this device that is not saved, of whichever tab. */
export interface BoardItem {
  id: string;
  conversationId: string;
  message: OutboxMessage;
  /** Makes the conversation first. */
  create?: NewConversation;
  queuedAt: number;
  mayBeSent: boolean;
  state: WireState;
}

/** How many saved items are remembered. */
const SAVED_REMEMBERED = 200;

type Count = Exclude<SaveState, 'saved' | 'discarded'>;

/**
 * What every tab knows of the device's items: content and state.
 *
 * What holds up the whole queue is kept once (`pace`) and not with each item: a thousand items that wait for the server change together.
 */
export class Board {
  private readonly entries = new Map<string, BoardItem>();
  private readonly saved = new Map<string, SaveStatus>();
  private tally = noneCounted();
  /** Not known where it is undefined. */
  private oldestQueuedAt: number | null | undefined = null;
  private pace: WireState | null = null;
  private isStorageRefusing = false;

  get size(): number {
    return this.entries.size;
  }

  has(id: string): boolean {
    return this.entries.has(id);
  }

  get(id: string): BoardItem | undefined {
    return this.entries.get(id);
  }

  ids(): string[] {
    return [...this.entries.keys()];
  }

  put(item: BoardItem): void {
    const known = this.entries.get(item.id);
    if (known) this.count(known, -1);
    const own = { ...item, state: ownState(item.state) };
    this.entries.set(item.id, own);
    this.count(own, 1);
  }

  /** Changes where an item stands; answers what is to be told, or `null` where nothing changed. */
  move(id: string, state: WireState, mayBeSent?: boolean): SaveStatus | null {
    const item = this.entries.get(id);
    if (!item) return null;
    if (state.state === 'saved') {
      this.remove(id);
      const status = { ...this.statusOf(item), state: 'saved' as const, reason: null, until: null, seq: state.seq ?? null, mayBeSent: true };
      this.remember(status);
      return status;
    }
    const own = ownState(state);
    const isSame = JSON.stringify(item.state) === JSON.stringify(own) && (mayBeSent ?? item.mayBeSent) === item.mayBeSent;
    this.count(item, -1);
    item.state = own;
    this.count(item, 1);
    if (mayBeSent !== undefined) item.mayBeSent = mayBeSent;
    return isSame ? null : this.statusOf(item);
  }

  /** Takes an item away that is neither saved nor kept any longer. */
  remove(id: string): void {
    const item = this.entries.get(id);
    if (item) this.count(item, -1);
    this.entries.delete(id);
  }

  clear(): void {
    this.entries.clear();
    this.tally = noneCounted();
    this.oldestQueuedAt = null;
    this.saved.clear();
    this.pace = null;
  }

  /** What holds up the queue from now on; answers what is to be told. */
  setPace(pace: WireState | null): SaveStatus[] {
    if (JSON.stringify(pace) === JSON.stringify(this.pace)) return [];
    this.pace = pace;
    return [...this.entries.values()].filter((item) => item.state.state === 'queued').map((item) => this.statusOf(item));
  }

  setStorageRefusing(isRefusing: boolean): SaveStatus[] {
    if (this.isStorageRefusing === isRefusing) return [];
    this.isStorageRefusing = isRefusing;
    return [...this.entries.values()].filter((item) => item.state.state === 'storing').map((item) => this.statusOf(item));
  }

  status(id: string): SaveStatus | null {
    const item = this.entries.get(id);
    return item ? this.statusOf(item) : (this.saved.get(id) ?? null);
  }

  list(): OutboxItem[] {
    return [...this.entries.values()].sort((one, other) => one.queuedAt - other.queuedAt).map((item) => this.itemOf(item));
  }

  counts(): Record<Count, number> & { oldestQueuedAt: number | null } {
    const { storing, queued, sending, waiting, failed } = this.tally;
    const counts = { storing, queued, sending, waiting, failed, oldestQueuedAt: this.oldest() };
    return this.pace ? { ...counts, queued: 0, waiting: waiting + queued } : counts;
  }

  /** Since when the oldest waits of those that do not wait for the user. */
  private oldest(): number | null {
    if (this.oldestQueuedAt === undefined) {
      const waiting = [...this.entries.values()].filter(isUnderWay).map(({ queuedAt }) => queuedAt);
      this.oldestQueuedAt = waiting.length === 0 ? null : waiting.reduce((one, other) => Math.min(one, other));
    }
    return this.oldestQueuedAt;
  }

  /** Counts an item in, or out. Counting anew at each key press would cost a millisecond where ten thousand items are queued. */
  private count(item: BoardItem, by: 1 | -1): void {
    const { state } = item.state;
    if (state === 'saved' || state === 'discarded') return;
    this.tally[state] += by;
    if (state === 'failed' || this.oldestQueuedAt === undefined) return;
    if (by === 1) this.oldestQueuedAt = Math.min(this.oldestQueuedAt ?? item.queuedAt, item.queuedAt);
    else if (item.queuedAt === this.oldestQueuedAt) this.oldestQueuedAt = undefined;
  }

  private itemOf(item: BoardItem): OutboxItem {
    const { message, create, queuedAt } = item;
    return { ...this.statusOf(item), message, ...(create ? { create } : {}), queuedAt };
  }

  private statusOf(item: BoardItem): SaveStatus {
    let shown = item.state;
    if (shown.state === 'queued' && this.pace) shown = this.pace;
    if (shown.state === 'storing' && this.isStorageRefusing) shown = { ...shown, code: 'storage_refused' };
    return {
      messageId: item.id,
      conversationId: item.conversationId,
      state: shown.state,
      reason: reasonOf(shown),
      until: shown.until ?? null,
      seq: shown.seq ?? null,
      mayBeSent: item.mayBeSent,
    };
  }

  private remember(status: SaveStatus): void {
    this.saved.set(status.messageId, status);
    const [oldest] = this.saved.keys();
    if (this.saved.size > SAVED_REMEMBERED && oldest !== undefined) this.saved.delete(oldest);
  }
}

function noneCounted(): Record<Count, number> {
  return { storing: 0, queued: 0, sending: 0, waiting: 0, failed: 0 };
}

function isUnderWay({ state: { state } }: BoardItem): boolean {
  return state !== 'failed' && state !== 'saved' && state !== 'discarded';
}

/** An item's own part of its state: what holds up the whole queue is not. */
function ownState(state: WireState): WireState {
  return state.state === 'waiting' && state.code !== 'behind_another' ? { state: 'queued' } : state;
}

export function reasonOf(state: WireState): SaveReason | null {
  if (state.code === undefined) return null;
  return { code: state.code, detail: state.detail ?? wordsFor(state), ...(state.blockedBy === undefined ? {} : { blockedBy: state.blockedBy }) };
}
