/** What can go wrong with one request on its way to the server and back. */

/** An HTTP answer as a whole. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export type Fault =
  /** The connection is reset; the server never hears of it. */
  | { kind: 'dropRequest' }
  /** The server answers; the answer is thrown away and the connection reset. */
  | { kind: 'dropAnswer' }
  /** The server gets the request twice, one after the other; the second answer is passed on. */
  | { kind: 'forwardTwice' }
  /** The answer's bytes come twice on one connection. */
  | { kind: 'answerTwice' }
  /** Waits before the request is forwarded, and before the answer is passed on. A promise is waited for, a number is milliseconds. */
  | { kind: 'hold'; request?: number | Promise<unknown>; answer?: number | Promise<unknown> }
  /** Answers by itself; the server never hears of it. */
  | { kind: 'instead'; answer: Answer }
  /** The server gets another body than was sent. */
  | { kind: 'changeRequest'; change: (body: string) => string }
  /** The server gets the request; what it answers is changed. */
  | { kind: 'change'; change: (answer: Answer) => Answer }
  /** A stream ends after so many events: the connection is reset, or the answer ends as if it were whole. */
  | { kind: 'cut'; afterEvents: number; how: 'reset' | 'end' };

export const dropRequest = (): Fault => ({ kind: 'dropRequest' });
export const dropAnswer = (): Fault => ({ kind: 'dropAnswer' });
export const forwardTwice = (): Fault => ({ kind: 'forwardTwice' });
export const answerTwice = (): Fault => ({ kind: 'answerTwice' });
export const hold = (sides: { request?: number | Promise<unknown>; answer?: number | Promise<unknown> }): Fault => ({ kind: 'hold', ...sides });
export const cut = (afterEvents: number, how: 'reset' | 'end' = 'end'): Fault => ({ kind: 'cut', afterEvents, how });

/** Makes the server refuse for good what an append carries, by taking its content away. */
export const emptied = (): Fault => ({
  kind: 'changeRequest',
  change: (body) => {
    const append = JSON.parse(body) as { messages: object[] };
    return JSON.stringify({ ...append, messages: append.messages.map((message) => ({ ...message, content: [] })) });
  },
});

/** A problem in the API's own form. */
export function problem(status: number, code: string, extra: { detail?: string; retryAfterMs?: number } = {}): Fault {
  const { detail = `The proxy says ${code}.`, retryAfterMs } = extra;
  const body = { type: 'about:blank', title: code, status, code, detail, traceId: '0'.repeat(32), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(retryAfterMs / 1_000));
  return { kind: 'instead', answer: { status, headers, body: Buffer.from(JSON.stringify(body)) } };
}

export const signInNeeded = (): Fault => problem(401, 'not_signed_in');

/** A status with a page of somebody else's behind it, as a broken gateway gives it. */
export const bareStatus = (status: number): Fault => ({
  kind: 'instead',
  answer: { status, headers: { 'content-type': 'text/html' }, body: Buffer.from(`<html><h1>${status}</h1></html>`) },
});

/** The page of a network that wants something first. The server never hears of the request. */
export const htmlPage = (): Fault => ({
  kind: 'instead',
  answer: { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<!doctype html><title>Welcome</title><h1>Welcome to the hotel</h1>') },
});

/** The server does what it is asked; of its JSON only the first half comes. */
export const halfJson = (): Fault => ({ kind: 'change', change: (answer) => ({ ...answer, body: answer.body.subarray(0, Math.floor(answer.body.length / 2)) }) });

interface AppendResults {
  results: { id?: string; outcome: string; [field: string]: unknown }[];
}

function changeResults(change: (results: AppendResults['results']) => AppendResults['results']): Fault {
  return {
    kind: 'change',
    change: (answer) => {
      if (answer.status !== 200) return answer;
      const { results } = JSON.parse(answer.body.toString()) as AppendResults;
      return { ...answer, body: Buffer.from(JSON.stringify({ results: change(results) })) };
    },
  };
}

/** The server does what it is asked; each outcome is told for an id that nobody has. */
export const unknownIds = (): Fault =>
  changeResults((results) => results.map((result, index) => ({ ...result, id: `01900000-0000-7000-8000-${String(index).padStart(12, '0')}` })));

/** The server does what it is asked; the last outcome is not told. */
export const fewerOutcomes = (): Fault => changeResults((results) => results.slice(0, -1));

/** The server never hears of it, and an append is answered as if the items of these ids were stored, whatever was sent. */
export const inventedOutcomes = (...ids: string[]): Fault => ({
  kind: 'instead',
  answer: {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ results: ids.map((id) => ({ id, outcome: 'stored', seq: 1 })) })),
  },
});
