import type { WireState } from '../engine/wire.js';

/** Words for the codes that are the client's own. Pages with several languages go by the code. */
const WORDS: Record<string, string> = {
  retry: 'The last try did not get through; the next one follows.',
  server_busy: 'The server asked for a moment of patience.',
  server_away: 'The server cannot be reached. The message is kept on this device and is sent when it is back.',
  sign_in: 'Sign in to have it sent.',
  behind_another: 'An earlier message is sent first.',
  storage_refused: 'This device refuses to store it: it may be full. It is tried again.',
  id_taken: 'The server has something else under the id of this message.',
  blocked: 'The message that this one follows was not saved.',
  withdrawn: 'It was taken back before it was sent.',
};

export function wordsFor(state: WireState): string {
  if (state.code === 'too_large') return `The message is larger than ${Math.floor((state.limitBytes ?? 0) / 1_000)} kB: shorten it, or leave attachments out.`;
  return WORDS[state.code ?? ''] ?? `The server refused it (${state.code}).`;
}
