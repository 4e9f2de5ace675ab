/**
 * The public words of the client: what is queued, where it stands, and what can be done about it.
 *
 * Times are milliseconds since the Unix epoch by this device's clock. Ids are UUIDs.
 */

/** One item of `POST /message/append`, without the numbers that the engine gives it: a message (no `type`) or a change of what is stored. */
export interface OutboxMessage {
  id: string;
  /** Absent: a message. See "Changes" of the API. */
  type?: 'edit' | 'delete' | 'undelete' | 'trash' | 'restore';
  /** The message that this one follows; `null`: a root. */
  parentId?: string | null;
  role?: 'user' | 'assistant' | 'system' | 'tool';
  content?: unknown;
  createdAt?: string;
  /** For the changes of a message: which. */
  messageId?: string;
  [field: string]: unknown;
}

/** Makes the conversation on the server before its first item is sent; ignored there when it exists. */
export interface NewConversation {
  title?: string;
  config?: Record<string, unknown>;
}

/**
 * Where an item stands on its way to the server.
 *
 * - `storing`: this device has not confirmed it yet (milliseconds). Not accepted.
 * - `queued`: safe on this device.
 * - `sending`: in a request.
 * - `saved`: the server has it.
 * - `waiting`: safe on this device and held up; `reason` says by what, `until` when the next try goes.
 * - `failed`: the server refuses it for good, or the person took it back: it needs a decision. It lies in the tray with its content. Should the
 *   server turn out to have it all the same, it is `saved`.
 * - `discarded`: thrown away by the person; can be brought back for a while.
 */
export type SaveState = 'storing' | 'queued' | 'sending' | 'saved' | 'waiting' | 'failed' | 'discarded';

/** Why an item waits. */
export type WaitCode = 'retry' | 'server_busy' | 'server_away' | 'sign_in' | 'behind_another' | 'storage_refused';

/** Why something is as it is: a stable code, and words for people. */
export interface SaveReason {
  /** A {@link WaitCode}, the server's code, or one of `id_taken`, `blocked`, `too_large`, `withdrawn`. */
  code: string;
  detail: string;
  /** Of a blocked item: the failed one that it builds on. */
  blockedBy?: string;
}

/** Where an item stands, as it is told to listeners. */
export interface SaveStatus {
  messageId: string;
  conversationId: string;
  state: SaveState;
  reason: SaveReason | null;
  /** When the next try goes, for `waiting`. */
  until: number | null;
  /** The place in the conversation, once saved. */
  seq: number | null;
  /** Whether a request with it may have left this device: it can no longer be edited or taken back. */
  mayBeSent: boolean;
}

/** An item with its content, as the tray and the panel show it. */
export interface OutboxItem extends SaveStatus {
  message: OutboxMessage;
  /** What makes its conversation on the server first: there the conversation may not exist yet. */
  create?: NewConversation;
  queuedAt: number;
}

/** One thing that happened to an item. */
export interface HistoryEntry {
  at: number;
  step: 'queued' | 'stored' | 'sent' | 'answered' | 'failed' | 'edited' | 'withdrawn' | 'retried' | 'discarded' | 'undone' | 'adopted' | 'saved';
  /** Number of the attempt, for `sent`. */
  attempt?: number;
  /** The class of the failure or the outcome, in stable words: `infrastructure`, `back_pressure`, `auth`, `rejected: parent_unknown`. */
  detail?: string;
}

export interface QueueStatus {
  storing: number;
  queued: number;
  sending: number;
  waiting: number;
  failed: number;
  /** When the oldest item that is still to be sent was queued. */
  oldestQueuedAt: number | null;
  breaker: 'closed' | 'open' | 'half-open';
  /** When the next try goes by itself, while one is awaited. */
  nextTryAt: number | null;
  isPausedForSignIn: boolean;
  /** Where items are kept. `memory`: the browser gives no durable storage, and closing the tab loses what is not saved. */
  storage: 'durable' | 'memory';
  /** Whether the device's storage refuses writes at the moment. */
  isStorageRefusing: boolean;
  /** Whether this tab is the one that sends. */
  isSender: boolean;
}

/** What `onMetrics` and `window.analytics.track("persistence_metrics", …)` are given. The counts are those of the tab that sends, since it was opened. */
export interface PersistenceMetrics {
  queuedMessages: number;
  failedMessages: number;
  successfulSyncs: number;
  failedSyncs: number;
  retryAttempts: number;
  oldestAgeMs: number | null;
  breaker: QueueStatus['breaker'];
  isPausedForSignIn: boolean;
}

/** Something that a person should know about the device's own store. */
export type StorageWarning =
  | { code: 'memory_only'; detail: string }
  /** Records that cannot be read, or of a newer version, were put aside under `name`; nothing of them is deleted. `text`: what they say, where this tab has read them. */
  | { code: 'set_aside'; detail: string; name: string; records: number; text?: string }
  | { code: 'refused'; detail: string }
  | { code: 'lost'; detail: string };

/**
 * Gets messages to the server: each once, those of one conversation in the order in which this tab queued them, whatever dies.
 */
export interface PersistenceService {
  /** The device id under which this tab's items are numbered. */
  readonly deviceId: string;
  /**
   * Takes responsibility for an item. Resolves when it is durable on this device (or, while the device refuses, when the tab that sends holds it:
   * `storage` is `memory` then); rejects (`InvalidItem`, `OutboxFull`, `SignedOut`) when it is not taken.
   * An id that was taken before is ignored. `create` makes the conversation first where it is new. `traceparent` is the W3C trace context in
   * which it was written; without one a trace begins here.
   */
  queueMessage(message: OutboxMessage, conversationId: string, create?: NewConversation, traceparent?: string): Promise<void>;
  /** Tries what waits, now and once, as the schedule allows. Resolves when nothing more can be done at once. */
  flush(): Promise<void>;
  getQueueStatus(): QueueStatus;
  getMetrics(): PersistenceMetrics;
  status(messageId: string): SaveStatus | null;
  /** All items of this device that are not saved, those of other tabs included, oldest first. */
  items(): OutboxItem[];
  /**
   * What happened to an item; also for the last 200 saved ones. The tab that sends knows it; another one answers what it heard last, asks, and tells
   * {@link subscribe} of the item again when there is more.
   */
  history(messageId: string): HistoryEntry[];
  /** Is told every change of an item's state, by whichever tab it is sent. Returns the way to stop. */
  subscribe(listener: (status: SaveStatus) => void): () => void;
  /** As {@link subscribe}, all that changed at the same moment at once: when the server goes away, everything queued begins to wait. */
  subscribeMany(listener: (statuses: SaveStatus[]) => void): () => void;
  /** Is told when the queue's status changed. */
  subscribeStatus(listener: (status: QueueStatus) => void): () => void;
  subscribeWarnings(listener: (warning: StorageWarning) => void): () => void;
  /** Try now: the network is back, or the person wants it. */
  probeNow(): void;
  /** Someone signed in: what was paused goes on. */
  signedIn(): void;
  /** Changes an item that was never sent; rejects (`MaybeSent`) when it may have been. */
  replace(messageId: string, message: OutboxMessage): Promise<void>;
  /** Takes back an item that was never sent; it goes to the tray as `withdrawn`. */
  withdraw(messageId: string): Promise<void>;
  /** Sends a failed item again, and what was blocked by it; with `message` in another form (edited, or under another parent). */
  retry(messageId: string, message?: OutboxMessage): Promise<void>;
  /** Throws a failed item away; `undo` brings it back for at least 10 s. */
  discard(messageId: string): Promise<void>;
  undo(messageId: string): Promise<void>;
  /** Empties the device's store. Rejects (`WouldLose`) while something is not saved, unless confirmed. */
  signOut(options?: { confirmed?: boolean }): Promise<void>;
}

/** An answer that was asked for and whose end this device has not seen: it is picked up again after a crash, and asked for after an outage. */
export interface PendingAnswer {
  runId: string;
  conversationId: string;
  /** The id of the answer's message. */
  answerId: string;
  /** The message that is answered. */
  parentId: string;
  /** Whatever the page needs to ask again, such as the model's settings. */
  request: Record<string, unknown>;
  /** The W3C trace context in which it is asked for, such as that of the message that is answered. It comes back with the answer. */
  traceparent?: string;
}

/**
 * Where a pending answer stands.
 *
 * - `start`: ask for it now (`POST /completion/generate` with its `runId`, which attaches where it exists already), then report.
 * - `waiting`: it will be asked for later.
 */
export type AnswerState =
  | { state: 'storing' }
  | { state: 'start'; attempt: number }
  | { state: 'running' }
  | { state: 'waiting'; reason: SaveReason; until: number | null };

/** Keeps what answers this device waits for, through reloads and outages, with a circuit breaker of its own. */
export interface AnswerKeeper {
  /** Remembers an answer, durably, and then asks for it to be started. */
  want(answer: PendingAnswer): Promise<void>;
  /** The first event of the run came. */
  began(runId: string): void;
  /** It came to its end, or nobody wants it any more. */
  ended(runId: string): void;
  /** Asking for it or reading it failed; `status` 0 is the network. The keeper decides when to try again, or answers `false`: never. */
  failed(runId: string, failure: { status: number; code?: string; retryAfterMs?: number }): boolean;
  /** What is pending on this device, of all tabs. */
  pending(): PendingAnswer[];
  state(runId: string): AnswerState | null;
  /** Is told what this tab shall do: each answer has one tab that looks after it, and another one when that has died. */
  subscribe(listener: (answer: PendingAnswer, state: AnswerState) => void): () => void;
  probeNow(): void;
  signedIn(): void;
}

/** What changed on the server: the feed's events. One tab reads it for all. */
export interface Feed {
  subscribe(listener: (event: FeedEvent) => void): () => void;
  /** Connect at once. */
  tryNow(): void;
}

export type FeedEvent =
  | { event: 'conversation'; data: Record<string, unknown> }
  | { event: 'message'; data: Record<string, unknown> }
  | { event: 'run'; data: Record<string, unknown> }
  /** Changes may have been missed (the first connection, or one that cannot go on where the last one ended): read what is shown again. */
  | { event: 'missed' };

/** Copies of what the server has, so that recent conversations can be read without it. Bounded; the oldest go first. */
export interface ReadCache {
  putConversations(conversations: readonly Record<string, unknown>[]): void;
  /** Messages as the server gave them. An item of this device that is among them with the same content is saved, also where it was refused. */
  putMessages(conversationId: string, messages: readonly Record<string, unknown>[]): void;
  forgetConversation(conversationId: string): void;
  /** Forgets all copies, as when somebody signs out and leaves what is not sent on the device. */
  clear(): void;
  /** Newest first. */
  conversations(limit?: number): Promise<Record<string, unknown>[]>;
  /** In the order of `seq`. */
  messages(conversationId: string): Promise<Record<string, unknown>[]>;
}

export interface ClientOptions {
  /** Where the server is; the page's own origin by default. */
  baseUrl?: string;
  /** Where `manent_engine_bg.wasm` is, or its bytes. By default beside the module. */
  wasm?: URL | string | BufferSource | Response | Promise<Response>;
  /** The name of the device's database; `manent` by default. */
  databaseName?: string;
  /** `auto` takes IndexedDB, and memory with a warning where that does not work. */
  storage?: 'auto' | 'memory';
  /** Added to each request when it is sent; never stored. */
  headers?: () => Record<string, string> | Promise<Record<string, string>>;
  fetch?: typeof fetch;
  onMetrics?: (metrics: PersistenceMetrics) => void;
  /** So many failures in a row open the circuit breaker; 3 by default. Nothing is dropped for having been tried often. */
  maxRetries?: number;
  /** The upper bound of the first pause after a failure, in milliseconds; it doubles with each, up to 30 s. 1,000 by default. */
  backoffMs?: number;
  /** The most items that this device keeps at once, those in the tray included; as many as its storage holds by default. */
  maxItems?: number;
}

/** The engine in this tab. */
export interface ManentClient {
  readonly persistence: PersistenceService;
  readonly answers: AnswerKeeper;
  readonly feed: Feed;
  readonly cache: ReadCache;
  /** Tells the other tabs that this one goes, and lets go of its locks. What is not sent stays on the device. */
  close(): Promise<void>;
}
