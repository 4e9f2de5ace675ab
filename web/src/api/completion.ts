import type { ApiClient } from './client';
import { parseCompletionEvent } from './completionEvent';
import { ApiProblem, isAbort, ServerUnreachable } from './errors';
import { SseParser } from './sse';
import type { CompletionEvent, CompletionRequest } from './types';

/** The longest pauses before a broken connection to a run is opened again, in milliseconds. After the last one the page gives up. */
const RECONNECT_PAUSES_MS = [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000];

/** The same where somebody else decides when it is tried again. */
const SHORT_PAUSES_MS = [0, 500];

const connectionLost: CompletionEvent = {
  event: 'error',
  code: 'connection_lost',
  detail: 'The connection to the server broke while the answer was coming.',
  retryable: true,
};

/** Waits, in milliseconds; ends early, without an error, when the signal is aborted. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export const waitInBrowser: Wait = (milliseconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

/**
 * Streams an answer that is asked for until it was read to its end: where `place` has no event yet by asking (which attaches where the run is
 * there already), else by going on after it. `place` moves with what was read. A connection that stays broken throws; asking again
 * with the same place goes on.
 */
export async function* streamPlacedEvents(
  client: ApiClient,
  request: () => Promise<CompletionRequest & { runId: string }>,
  runId: string,
  place: Place,
  signal: AbortSignal,
  wait: Wait = waitInBrowser,
): AsyncGenerator<CompletionEvent, void, void> {
  if (place.lastEventId === null) {
    const body = await client.openStream('/completion/generate', await request(), signal);
    if (yield* readEvents(body, place, signal)) return;
  }
  const failure = yield* reopen(client, runId, place, signal, wait, SHORT_PAUSES_MS);
  if (failure !== null) throw failure;
}

/**
 * Streams a run that was begun elsewhere or earlier, from its beginning. The iteration ends after exactly one `done` or `error` event; a
 * connection that stays broken becomes an `error` event of this page's own (`connection_lost`), so that readers have one path. Aborting the
 * signal ends the iteration by throwing the abort.
 */
export async function* streamRunEvents(
  client: ApiClient,
  runId: string,
  signal: AbortSignal,
  wait: Wait = waitInBrowser,
): AsyncGenerator<CompletionEvent, void, void> {
  const failure = yield* reopen(client, runId, { lastEventId: null }, signal, wait, RECONNECT_PAUSES_MS);
  if (failure !== null) yield connectionLost;
}

/** How far a stream was read. */
export interface Place {
  lastEventId: string | null;
}

/** Reads a run on after a place; the answer is why its end was not reached, or `null` when it was. */
async function* reopen(client: ApiClient, runId: string, place: Place, signal: AbortSignal, wait: Wait, pauses: readonly number[]): AsyncGenerator<CompletionEvent, Error | null, void> {
  let failure: Error = new ServerUnreachable();
  for (let failures = 0; failures < pauses.length; failures += 1) {
    await wait(pauses[failures]!, signal);
    signal.throwIfAborted();
    const before = place.lastEventId;
    try {
      const body = await client.openRun(runId, place.lastEventId, signal);
      // Nothing comes after the place, and no end was among what came before.
      if (body === null) return new ApiProblem({ status: 409, code: 'cursor_ahead', detail: 'Nothing more comes of this answer.' });
      if (yield* readEvents(body, place, signal)) return null;
    } catch (error) {
      if (signal.aborted || !(error instanceof Error)) throw error;
      failure = error;
      if (error instanceof ApiProblem ? !error.isTransient : !isBrokenConnection(error)) return failure;
    }
    // A connection that brought something was a good one.
    if (place.lastEventId !== before) failures = 0;
  }
  return failure;
}

/** Gives a body's events; the answer is whether the end was among them. */
async function* readEvents(body: ReadableStream<Uint8Array>, place: Place, signal: AbortSignal): AsyncGenerator<CompletionEvent, boolean, void> {
  const reader = body.getReader();
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return false;
      for (const raw of parser.push(value)) {
        if (raw.id !== '') place.lastEventId = raw.id;
        const event = parseCompletionEvent(raw);
        if (!event) continue;
        yield event;
        if (event.event === 'done' || event.event === 'error') return true;
      }
    }
  } catch (error) {
    if (signal.aborted || !isBrokenConnection(error)) throw error;
    return false;
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** Also an abort that nobody here asked for: so a browser ends the connections of a page that is being left. */
function isBrokenConnection(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ServerUnreachable || isAbort(error);
}
