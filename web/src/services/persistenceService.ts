import type { AnswerState, NewConversation, PendingAnswer } from '@manent/client';
import type { AppendMessage } from '../api/types';

export type { AnswerState, NewConversation, PendingAnswer };

/** The part of the device's outbox that the page's own services use. */
export interface Outbox {
  /**
   * Takes responsibility for a message. Resolves when it is safe on this device; rejects when it is not taken.
   * What becomes of it then is told through the store's `saves`. `traceparent` is the trace in which it was written.
   */
  queueMessage(message: AppendMessage, conversationId: string, create?: NewConversation, traceparent?: string): Promise<void>;
}

/** The part of the device's memory of answers that the page's own services use. */
export interface AnswerMemory {
  /** Remembers an answer, and then tells `listener` to start it. */
  want(answer: PendingAnswer): Promise<void>;
  began(runId: string): void;
  ended(runId: string): void;
  /** Whether it is tried again; when, is told to the listener. */
  failed(runId: string, failure: { status: number; code?: string; retryAfterMs?: number }): boolean;
  pending(): PendingAnswer[];
  state(runId: string): AnswerState | null;
  subscribe(listener: (answer: PendingAnswer, state: AnswerState) => void): () => void;
}
