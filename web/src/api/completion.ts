import type { ApiClient } from './client';
import { isAbort, ServerUnreachable } from './errors';
import { SseParser, type ServerSentEvent } from './sse';
import type { CompletionEvent, CompletionRequest, Delta, FinishReason, Usage } from './types';

/**
 * Streams one completion. The iteration ends after exactly one `done` or `error` event; a connection that
 * breaks before that becomes an `error` event of this page's own (`connection_lost`), so that readers have one path.
 * Aborting the signal ends the iteration by throwing the abort.
 */
export async function* streamCompletionEvents(
  client: ApiClient,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent, void, void> {
  const body = await client.openStream('/completion/generate', request, signal);
  const reader = body.getReader();
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      for (const raw of parser.push(value)) {
        const event = parseCompletionEvent(raw);
        if (!event) continue;
        yield event;
        if (event.event === 'done' || event.event === 'error') return;
      }
    }
  } catch (error) {
    if (isAbort(error) || signal.aborted) throw error;
    if (!(error instanceof TypeError) && !(error instanceof ServerUnreachable)) throw error;
  } finally {
    reader.cancel().catch(() => undefined);
  }
  yield { event: 'error', code: 'connection_lost', detail: 'The connection to the server broke while the answer was coming.', retryable: true };
}

/** Reads one event; `null` for events that this page does not know, so that the server may add some. */
export function parseCompletionEvent(raw: ServerSentEvent): CompletionEvent | null {
  let data: unknown;
  try {
    data = JSON.parse(raw.data);
  } catch {
    return null;
  }
  switch (raw.event) {
    case 'start': {
      const { provider, model } = data as { provider: string; model: string };
      return { event: 'start', provider, model };
    }
    case 'delta':
      return { event: 'delta', delta: data as Delta };
    case 'usage':
      return { event: 'usage', usage: data as Usage };
    case 'done':
      return { event: 'done', finishReason: (data as { finishReason: FinishReason }).finishReason };
    case 'error': {
      const { code, detail, retryable, traceId } = data as { code: string; detail: string; retryable?: boolean; traceId?: string };
      return { event: 'error', code, detail, retryable: retryable ?? false, traceId };
    }
    default:
      return null;
  }
}
