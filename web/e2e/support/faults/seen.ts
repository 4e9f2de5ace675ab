/** What passed through the proxy. */

/** Milliseconds since the Unix epoch by a clock that never jumps; the browser's recorder uses the same. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** One request as the proxy saw it. */
export interface Seen {
  /** When its body was there. */
  at: number;
  method: string;
  path: string;
  search: string;
  headers: Record<string, string>;
  body: string;
  /** What the server answered; absent while it has not, and where it was never asked. */
  status?: number;
  /** What was done to it, by the kind of the fault; absent where it passed. */
  fault?: string;
  /** When its end was passed on or its connection was gone. */
  endedAt?: number;
}

/** The messages that an append carried, with what it says of its lane. */
export function appended(seen: Seen): { deviceId: string; messages: { id: string; conversationId: string; deviceSeq: number; [field: string]: unknown }[] } {
  return JSON.parse(seen.body) as ReturnType<typeof appended>;
}
