import type { Environment } from './environment.js';

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Whether it is a UUID in the form in which the engine writes it: two forms of one id would be two items to whoever compares texts. */
export const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value);

/** A UUID of version 7: made now, and random. Works without a secure context, unlike `crypto.randomUUID`. */
export function newId(environment: Pick<Environment, 'now' | 'random'>): string {
  const bytes = environment.random(16);
  let time = Math.max(0, Math.floor(environment.now()));
  for (let place = 5; place >= 0; place -= 1) {
    bytes[place] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const text = hex(bytes);
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}

/** A W3C `traceparent` that begins a trace. */
export function newTrace(environment: Pick<Environment, 'random'>): string {
  const bytes = environment.random(24);
  // Ids of zeros alone are not allowed.
  bytes[15]! |= 1;
  bytes[23]! |= 1;
  const text = hex(bytes);
  return `00-${text.slice(0, 32)}-${text.slice(32)}-01`;
}

/** Whether it is a `traceparent` that the engine takes. */
export function isTrace(text: string | undefined): text is string {
  return text !== undefined && /^00(?!-0+-)-[0-9a-f]{32}(?!-0+-)-[0-9a-f]{16}-[0-9a-f]{2}$/.test(text);
}

/** A whole number for the engine's own generator. */
export function newSeed(environment: Pick<Environment, 'random'>): number {
  return environment.random(6).reduce((seed, byte) => seed * 256 + byte, 0);
}
