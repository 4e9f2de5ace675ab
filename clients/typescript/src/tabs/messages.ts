import type { WireMetrics, WireState } from '../engine/wire.js';
import type { BoardItem } from '../persistence/board.js';
import type { FeedEvent, OutboxMessage, PendingAnswer } from '../types.js';

/** Messages of another version come from another build of the page, and are left alone. */
export const LINK_VERSION = 1;

/** What holds up the sender and how it fares. */
export interface SenderReport {
  pace: WireState | null;
  metrics: WireMetrics;
}

/** Where an item stands, as the sender knows. */
export interface ItemReport {
  id: string;
  state: WireState;
  mayBeSent: boolean;
}

/** What a tab asks the sender to do about an item. */
export type Command =
  | { do: 'replace'; id: string; message: OutboxMessage }
  | { do: 'withdraw'; id: string }
  | { do: 'retry'; id: string; message?: OutboxMessage }
  | { do: 'discard'; id: string }
  | { do: 'undo'; id: string }
  /** The server has it, in that place. */
  | { do: 'seen'; id: string; seq: number }
  | { do: 'history'; id: string }
  | { do: 'flush' }
  | { do: 'signOut'; confirmed: boolean };

/** How a refusal travels between tabs. */
export interface Refusal {
  name: string;
  queued?: number;
  failed?: number;
}

/** What tabs tell each other. Contents come through the store; what is told here is what it holds. */
export type TabMessage =
  /** A tab is here now, in that slot. */
  | { type: 'here'; slot: number }
  /** Answer `here`. */
  | { type: 'whoIsHere' }
  /** The store holds these, durably; the sender shall look after them. */
  | { type: 'stored'; items: BoardItem[] }
  /** The sender holds these, and whoever queued them can let go. */
  | { type: 'held'; items: ItemReport[] }
  /** This tab sends now, and so everything stands. */
  | { type: 'leading'; items: ItemReport[]; report: SenderReport }
  /** Tell how everything stands. */
  | { type: 'whoLeads' }
  /** A tab shows these, and the sender did not tell of them. */
  | { type: 'whatAbout'; ids: string[] }
  /** Where they stand; those that are gone are in no store any more. */
  | { type: 'about'; items: ItemReport[]; gone: string[] }
  /** Where items stand now, and contents that changed. */
  | { type: 'moved'; items: ItemReport[]; contents: BoardItem[]; removed: string[]; report: SenderReport }
  | { type: 'command'; call: string; command: Command }
  | { type: 'done'; call: string; result?: unknown; refusal?: Refusal }
  | { type: 'probeNow' }
  | { type: 'signedIn' }
  | { type: 'signedOut' }
  /** A change on the server, and the place in the feed after it. */
  | { type: 'feed'; event: FeedEvent | null; cursor: string | null }
  /** Somebody wants the feed. */
  | { type: 'wantFeed' }
  | { type: 'tryFeed' }
  /** Answers that a tab looks after from now on, and those that nobody has to any more. */
  | { type: 'answers'; wanted: PendingAnswer[]; ended: string[] };
