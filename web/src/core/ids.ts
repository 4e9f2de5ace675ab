import { v7 } from 'uuid';

/** Where new ids and times come from; tests give their own. */
export interface Environment {
  newId(): string;
  /** A W3C `traceparent` that begins a trace: what the server logs of something is found by it. */
  newTrace(): string;
  now(): Date;
}

const hex = (bytes: number) => Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export const newTrace = (): string => `00-${hex(16)}-${hex(8)}-01`;

export const realEnvironment: Environment = { newId: () => v7(), newTrace, now: () => new Date() };
