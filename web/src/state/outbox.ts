import type { HistoryEntry, OutboxItem, PersistenceMetrics, QueueStatus, SaveReason, SaveState, StorageWarning } from '@manent/client';
import type { Part } from '../api/types';
import { Saves } from './saves';

export type { HistoryEntry, OutboxItem, PersistenceMetrics, QueueStatus, SaveReason, SaveState, StorageWarning };

/** Where a message that the server does not have stands. A saved one has no such entry. */
export interface SaveInfo {
  conversationId: string;
  state: Exclude<SaveState, 'saved'>;
  reason: SaveReason | null;
  /** When the next try goes, for `waiting`. */
  until: number | null;
  /** When the message was queued; a message that is not saved after a second gets its mark. */
  since: number;
  /** Whether a request with it may have left this device: from then on it can be neither edited nor taken back. */
  mayBeSent: boolean;
}

/** What the page shows of the outbox. */
export interface OutboxSlice {
  /** By message id. */
  saves: Saves;
  /** `null` until the engine has read what this device keeps. */
  queue: QueueStatus | null;
  /** What was refused, taken back or thrown away, of all conversations, oldest first. */
  tray: readonly OutboxItem[];
  /** Each kind once. */
  warnings: readonly StorageWarning[];
  /** Answers that are asked for when the server is back, by the id of the answer's message. */
  answersWaiting: Readonly<Record<string, { reason: SaveReason; until: number | null }>>;
  /** The server wants the person to sign in: everything is kept and nothing is sent. */
  signInNeeded: boolean;
}

export const initialOutbox: OutboxSlice = { saves: Saves.none, queue: null, tray: [], warnings: [], answersWaiting: {}, signInNeeded: false };

/** What a person can do about what is not saved. A promise that rejects carries words for people. */
export interface OutboxActions {
  /** Sends a refused or withdrawn item again under its own id, and what was blocked by it; with `content` in another wording. */
  retry(messageId: string, content?: Part[]): Promise<void>;
  /** Sends a refused item again at a place that the server has: below its nearest saved ancestor, or as a beginning of its own. */
  moveToNewBranch(messageId: string): Promise<void>;
  discard(messageId: string): Promise<void>;
  /** Brings back what was thrown away. */
  undo(messageId: string): Promise<void>;
  /** Takes back an item that was never sent; it goes to the tray. */
  withdraw(messageId: string): Promise<void>;
  /** Changes the words of an item that was never sent. */
  replaceQueued(messageId: string, content: Part[]): Promise<void>;
  /** The person no longer wants an answer that waits; where it is absent, the page offers no such way. */
  giveUpAnswer?(answerId: string): void;
  /** Tries at once what waits: items, answers and the feed. */
  tryNow(): void;
  /** The person has signed in: what was paused goes on. */
  signedInAgain(): void;
  /** All items of this device that are not saved, oldest first. */
  items(): OutboxItem[];
  /** What happened to an item, oldest first; also for the last saved ones. */
  history(messageId: string): HistoryEntry[];
  /** `null` until the engine is there. */
  metrics(): PersistenceMetrics | null;
}

const notReady = () => Promise.reject(new Error('The outbox is still being opened.'));

const beforeStart: OutboxActions = {
  retry: notReady,
  moveToNewBranch: notReady,
  discard: notReady,
  undo: notReady,
  withdraw: notReady,
  replaceQueued: notReady,
  tryNow: () => undefined,
  signedInAgain: () => undefined,
  items: () => [],
  history: () => [],
  metrics: () => null,
};

let installed = beforeStart;

/** Called once, by the place where the services are made. */
export function installOutboxActions(actions: OutboxActions): void {
  installed = actions;
}

export function outboxActions(): OutboxActions {
  return installed;
}
