/** The JSON forms that come out of the engine: the other half of `crates/manent-engine-wasm/src/wire`. */

import type { SaveState } from '../types.js';

/** Where an item stands. */
export interface WireState {
  state: SaveState;
  code?: string;
  detail?: string;
  blockedBy?: string;
  limitBytes?: number;
  until?: number;
  seq?: number;
}

export interface WireItem {
  id: string;
  conversationId: string;
  device: string;
  order: number;
  queuedAt: number;
  parent?: string;
  payload: Record<string, unknown>;
  mayBeSent: boolean;
  state: WireState;
}

/** The sender's counts. Of `queuedMessages` the next three are parts. */
export interface WireMetrics {
  queuedMessages: number;
  storingMessages: number;
  sendingMessages: number;
  waitingMessages: number;
  failedMessages: number;
  successfulSyncs: number;
  failedSyncs: number;
  retryAttempts: number;
  oldestEnqueuedAt: number | null;
  oldestAgeMs: number | null;
  breaker: 'closed' | 'open' | 'half-open';
  nextTryAt: number | null;
  isPausedForSignIn: boolean;
  isStorageRefusing: boolean;
}

export interface WireRefusedRecord {
  place: number;
  isNewer: boolean;
  detail: string;
}

/** A change of the device's store; `record` is opaque. */
export type StoreOperation =
  | { do: 'putItem'; key: string; record: string }
  | { do: 'deleteItem'; key: string }
  | { do: 'putLane'; key: string; record: string }
  | { do: 'putPace'; record: string }
  | { do: 'putAnswer'; key: string; record: string }
  | { do: 'deleteAnswer'; key: string }
  | { do: 'clear' };

/** Why a command was not followed. */
export type RefusalName = 'id_in_use' | 'unknown' | 'maybe_sent' | 'not_in_tray' | 'needs_new_id' | 'parent_failed' | 'too_large' | 'full' | 'signed_out';

export type WireEvent =
  | { type: 'item'; id: string; state: WireState }
  | { type: 'refused'; id: string; error: RefusalName }
  | { type: 'pace'; wait: WireState | null }
  | { type: 'removed'; id: string }
  | { type: 'metrics'; metrics: WireMetrics }
  | { type: 'laneMoved'; conversationId: string; from: number; to: number }
  | { type: 'storageRefused'; attempts: number }
  | { type: 'storageRecovered' }
  | { type: 'signOutNeedsConfirmation'; queued: number; failed: number }
  | { type: 'signedOut' }
  | { type: 'invariantHeld'; invariant: string };

/** A conversation to be made before a batch is sent. */
export interface WireCreate {
  conversationId: string;
  body: string;
  traceparent?: string;
}

export interface WireSend {
  type: 'send';
  request: number;
  creates: WireCreate[];
  body: string;
  ids: string[];
  traceparent?: string;
  isProbe: boolean;
}

export type WireOutput =
  | { type: 'persist'; id: number; operations: StoreOperation[] }
  | WireSend
  | { type: 'cancel'; request: number }
  | { type: 'event'; event: WireEvent }
  | { type: 'wakeAt'; at: number };

/** Where an answer stands. */
export interface WireAnswerState {
  state: 'storing' | 'start' | 'running' | 'waiting';
  attempt?: number;
  code?: string;
  until?: number;
}

export interface WirePendingAnswer {
  run: string;
  holder: string;
  payload: string;
  state: WireAnswerState;
}

export type WireAnswerOutput =
  | { type: 'persist'; id: number; operations: StoreOperation[] }
  | { type: 'start'; run: string; payload: string; attempt: number }
  | { type: 'state'; run: string; state: WireAnswerState }
  | { type: 'failed'; run: string; code: string }
  | { type: 'ended'; run: string }
  | { type: 'refused'; run: string }
  | { type: 'storageRefused' }
  | { type: 'storageRecovered' }
  | { type: 'invariantHeld'; invariant: string }
  | { type: 'wakeAt'; at: number };
