import type { ServerSentEvent } from './sse';
import type { CompletionEvent, Delta, FinishReason, Receipt, Usage } from './types';

type Fields = Record<string, unknown>;

/** No answer calls more tools than that. */
const MOST_TOOL_CALLS = 1_000;

const COUNTS = ['inputTokens', 'outputTokens', 'reasoningTokens', 'cacheReadTokens', 'cacheWriteTokens'] as const;

/**
 * Reads one event; `null` for events that this page does not know, so that the server may add some, and for what is none: what is shown and kept of an
 * answer is only what was said.
 */
export function parseCompletionEvent(raw: ServerSentEvent): CompletionEvent | null {
  const data = fieldsOf(raw.data);
  if (!data) return null;
  switch (raw.event) {
    case 'start': {
      const { provider, model } = data;
      return isText(provider) && isText(model) ? { event: 'start', provider, model } : null;
    }
    case 'delta': {
      const delta = deltaOf(data);
      return delta && { event: 'delta', delta };
    }
    case 'usage':
      return { event: 'usage', usage: usageOf(data) };
    case 'notice': {
      const { code, detail } = data;
      return isText(code) && isText(detail) ? { event: 'notice', code, detail } : null;
    }
    case 'done': {
      const { finishReason } = data;
      return isText(finishReason) ? { event: 'done', finishReason: finishReason as FinishReason, ...receiptOf(data) } : null;
    }
    case 'error': {
      const { code, detail, retryable, traceId } = data;
      if (!isText(code) || !isText(detail)) return null;
      return { event: 'error', code, detail, retryable: retryable === true, ...(isText(traceId) ? { traceId } : {}), ...receiptOf(data) };
    }
    default:
      return null;
  }
}

function fieldsOf(text: string): Fields | null {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Fields) : null;
  } catch {
    return null;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrAbsent = (value: unknown): boolean => value === undefined || value === null || isText(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function deltaOf(data: Fields): Delta | null {
  switch (data['type']) {
    case 'text':
    case 'reasoning':
      return isText(data['text']) ? { type: data['type'], text: data['text'] } : null;
    case 'reasoningSignature':
      return isText(data['signature']) ? { type: 'reasoningSignature', signature: data['signature'] } : null;
    case 'toolCall': {
      const isGood = isCount(data['index']) && data['index'] < MOST_TOOL_CALLS && [data['id'], data['name'], data['argumentsDelta']].every(isTextOrAbsent);
      return isGood ? (data as Delta) : null;
    }
    default:
      return null;
  }
}

function usageOf(data: Fields): Usage {
  return Object.fromEntries(COUNTS.flatMap((name) => (isCount(data[name]) ? [[name, data[name]]] : [])));
}

function receiptOf({ persisted, journalPosition }: Fields): { receipt?: Receipt } {
  if (typeof persisted !== 'boolean') return {};
  return { receipt: { persisted, ...(isCount(journalPosition) ? { journalPosition } : {}) } };
}
