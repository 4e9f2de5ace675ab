import { ApiProblem, isAbort, ServerUnreachable } from '../api/errors';
import type { CompletionEvent } from '../api/types';
import type { Answer } from '../core/answer';

/** Failures of our own server and of the way to it: nothing of them belongs into the conversation. */
const OWN_FAILURES = new Set([
  'server_unreachable',
  'connection_lost',
  'shutting_down',
  'interrupted',
  'overloaded',
  'store_busy',
  'store_unavailable',
  'conversation_not_found',
]);

/** Whether a failure says something of this server or the way to it, and nothing that belongs into the conversation. */
export function isOwnFailure(code: string): boolean {
  return OWN_FAILURES.has(code);
}

/** Whether the end of an answer was not read: it may go on. */
export function isLost(answer: Answer): boolean {
  return answer.end?.kind === 'failed' && isOwnFailure(answer.end.code) && answer.end.code !== 'interrupted';
}

/** The failure in the words of the device's memory; `null` for a mistake of this page's own. */
export function failureOf(error: unknown): { status: number; code?: string; retryAfterMs?: number } | null {
  if (error instanceof ApiProblem) {
    const { status, code, retryAfterMs } = error.problem;
    return { status, code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  return error instanceof ServerUnreachable || isAbort(error) ? { status: 0 } : null;
}

/** The end of an answer whose stream threw. */
export function endOf(error: unknown, signal: AbortSignal): CompletionEvent | { event: 'stopped' } {
  if (signal.aborted) return { event: 'stopped' };
  if (error instanceof ApiProblem) return { event: 'error', code: error.code, detail: error.message, retryable: error.isTransient, traceId: error.problem.traceId };
  if (error instanceof ServerUnreachable || isAbort(error)) return { event: 'error', code: 'server_unreachable', detail: 'The server cannot be reached.', retryable: true };
  console.error(error);
  return { event: 'error', code: 'page_error', detail: error instanceof Error ? error.message : String(error), retryable: true };
}
