import type { Shown } from './shown.ts';

/** When the server stored a message, by its id, in milliseconds since the Unix epoch. */
export type StoredTimes = ReadonlyMap<string, number>;

/**
 * How long a message may be shown without a mark before that means "saved", in milliseconds. The page gives a save a second before it
 * marks it; the rest is for a busy machine.
 */
export const UNMARKED_MS = 2_500;

/**
 * Everything that a page showed and that was not so, as sentences; none of them is what a test wants.
 *
 * - `saved` is shown only of what the server has stored by then.
 * - A message without a mark for longer than a moment is one that the server has.
 * - A mark that says that the device keeps the message is shown only while its store holds it, or after the server has it.
 * - What was shown as saved stays saved, in every tab.
 */
export function untruths(shown: readonly Shown[], stored: StoredTimes, until: number): string[] {
  const found: string[] = [];
  const savedSince = new Map<string, number>();
  const inOrder = shown.toSorted((a, b) => a.at - b.at);
  for (const [index, entry] of inOrder.entries()) {
    const { at, tab, messageId, state } = entry;
    const storedAt = stored.get(messageId) ?? Number.POSITIVE_INFINITY;
    const say = (what: string) => found.push(`${messageId} in ${tab}: ${what} (${storedAt === Number.POSITIVE_INFINITY ? 'never stored' : `stored ${Math.round(storedAt - at)} ms later`})`);
    if (state === 'unknown') say('shown with a mark that nobody knows');
    if (state === 'saved') {
      if (storedAt > at) say('shown as saved before the server had it');
      savedSince.set(messageId, Math.min(at, savedSince.get(messageId) ?? at));
    }
    if (state === 'none') {
      const next = inOrder.slice(index + 1).find((later) => later.tab === tab && later.messageId === messageId);
      const end = next?.at ?? until;
      if (end - at > UNMARKED_MS && storedAt > at + UNMARKED_MS) say(`shown without a mark for ${Math.round(end - at)} ms and not saved`);
    }
    if (entry.isOnDevice === false && storedAt > entry.lookedAt!) say(`shown as ${state}, but this device did not keep it`);
    const saved = savedSince.get(messageId);
    if (saved !== undefined && saved < at && !['saved', 'none', 'gone'].includes(state)) say(`shown as ${state} after it had been shown as saved`);
  }
  return found;
}
