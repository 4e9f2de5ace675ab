import type { CompletionMessage, Part } from '../api/types';
import { hasSubstance, type Message } from './messages';

/** Room for the messages of one completion request, in bytes of JSON: the server takes bodies of 3 MB, settings and envelope need some. */
export const HISTORY_BYTES = 2_800_000;

/** A cautious guess: bytes of JSON per token, for keeping a history inside a model's context window. */
const BYTES_PER_TOKEN = 3;

export interface History {
  messages: CompletionMessage[];
  /** How many of the oldest messages did not fit. */
  omittedMessages: number;
  /** How many pictures were replaced by a note, oldest first, because the request was full. */
  omittedImages: number;
}

/** How many bytes of history a model with this context window can use. */
export function historyBudget(contextWindow: number | undefined): number {
  return contextWindow ? Math.min(HISTORY_BYTES, contextWindow * BYTES_PER_TOKEN) : HISTORY_BYTES;
}

/**
 * What a path sends to the model: every message with substance, without deleted ones and error notes, newest first for the budget.
 *
 * When the budget is short, older pictures go before older messages, and what is kept begins with a user's message.
 * The newest message is always sent whole: refusing it is the server's to say.
 */
export function historyOf(path: readonly Message[], budgetBytes: number): History {
  const candidates = path.filter((message) => message.deletedAt === undefined && hasSubstance(message.content)).map((message) => ({ role: message.role, content: sendable(message.content) }));
  const kept: CompletionMessage[] = [];
  let used = 0;
  let omittedImages = 0;
  let first = candidates.length;
  for (let index = candidates.length - 1; index >= 0; index -= 1) {
    let candidate = candidates[index]!;
    let bytes = byteLength(candidate);
    const isNewest = index === candidates.length - 1;
    if (!isNewest && used + bytes > budgetBytes) {
      const images = candidate.content.filter((part) => part.type === 'image').length;
      if (images === 0) break;
      candidate = { ...candidate, content: withoutImages(candidate.content) };
      bytes = byteLength(candidate);
      if (used + bytes > budgetBytes) break;
      omittedImages += images;
    }
    used += bytes;
    kept.unshift(candidate);
    first = index;
  }
  while (kept.length > 1 && kept[0]!.role !== 'user' && first > 0) {
    kept.shift();
    first += 1;
  }
  return { messages: kept, omittedMessages: first, omittedImages };
}

function sendable(content: readonly Part[]): Part[] {
  return content.filter((part) => part.type !== 'error' && (part.type !== 'reasoning' || part.signature !== undefined));
}

function withoutImages(content: readonly Part[]): Part[] {
  return content.map((part) => (part.type === 'image' ? { type: 'text', text: '[An earlier picture was left out.]' } : part));
}

function byteLength(message: CompletionMessage): number {
  return new TextEncoder().encode(JSON.stringify(message)).length;
}
