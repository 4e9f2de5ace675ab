import type { AppendMessage } from '../api/types';

/**
 * Where a message stands on its way to the server.
 *
 * - `queued`: accepted by this page, not sent yet.
 * - `sending`: a request that carries it is under way.
 * - `saved`: the server has it durably.
 * - `waiting`: it cannot be sent now (`reason` says why) and will be tried again.
 * - `failed`: the server refuses it for good (`reason` says why); only the person can decide what happens.
 */
export type SaveState = 'queued' | 'sending' | 'saved' | 'waiting' | 'failed';

export interface SaveReason {
  /** `server_away`, `server_busy`, `behind_another`, or the code with which the server refused. */
  code: string;
  detail: string;
}

export interface SaveStatus {
  messageId: string;
  conversationId: string;
  state: SaveState;
  reason: SaveReason | null;
  /** The place in the conversation, once saved. */
  seq: number | null;
}

export interface QueueStatus {
  queued: number;
  sending: number;
  waiting: number;
  failed: number;
}

export type SaveListener = (status: SaveStatus) => void;

/**
 * Gets messages to the server: each once, and those of one conversation in the order in which they were queued.
 *
 * Callers never wait for it. What becomes of a message is told through `subscribe`, for every change of its state.
 */
export interface PersistenceService {
  /** Takes responsibility for a message. A message id that was taken before is ignored. */
  queueMessage(message: AppendMessage, conversationId: string): void;
  /** Tries everything that waits, now. Resolves when nothing more can be done at once. */
  flush(): Promise<void>;
  getQueueStatus(): QueueStatus;
  subscribe(listener: SaveListener): () => void;
  /** Sends a failed message again, and what failed behind it in its conversation, when the person has asked for it. */
  retryFailed(messageId: string): void;
  /** Called when the page is being closed: hands over what is unsaved, as far as the browser still allows. */
  handOver(): void;
}
