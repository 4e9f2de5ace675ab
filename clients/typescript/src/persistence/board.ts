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
    this.entries.set(item.id, { ...item, state: ownState(item.state) });
  }

  /** Changes where an item stands; answers what is to be told, or `null` where nothing changed. */
  move(id: string, state: WireState, mayBeSent?: boolean): SaveStatus | null {
    const item = this.entries.get(id);
    if (!item) return null;
    if (state.state === 'saved') {
      this.entries.delete(id);
      const status = { ...this.statusOf(item), state: 'saved' as const, reason: null, until: null, seq: state.seq ?? null, mayBeSent: true };
      this.remember(status);
      return status;
    }
    const own = ownState(state);
    const isSame = JSON.stringify(item.state) === JSON.stringify(own) && (mayBeSent ?? item.mayBeSent) === item.mayBeSent;
    item.state = own;
    if (mayBeSent !== undefined) item.mayBeSent = mayBeSent;
    return isSame ? null : this.statusOf(item);
  }

  /** Takes an item away that is neither saved nor kept any longer. */
  remove(id: string): void {
    this.entries.delete(id);
  }

  clear(): void {
    this.entries.clear();
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
    const counts = { storing: 0, queued: 0, sending: 0, waiting: 0, failed: 0, oldestQueuedAt: null as number | null };
    for (const item of this.entries.values()) {
      const state = item.state.state === 'queued' && this.pace ? 'waiting' : item.state.state;
      if (state === 'saved' || state === 'discarded') continue;
      counts[state] += 1;
      if (state !== 'failed') counts.oldestQueuedAt = Math.min(counts.oldestQueuedAt ?? item.queuedAt, item.queuedAt);
    }
    return counts;
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

/** An item's own part of its state: what holds up the whole queue is not. */
function ownState(state: WireState): WireState {
  return state.state === 'waiting' && state.code !== 'behind_another' ? { state: 'queued' } : state;
}

export function reasonOf(state: WireState): SaveReason | null {
  if (state.code === undefined) return null;
  return { code: state.code, detail: state.detail ?? wordsFor(state), ...(state.blockedBy === undefined ? {} : { blockedBy: state.blockedBy }) };
}
