import type { Shown } from './shown.ts';

/** When the server stored a message, by its id, in milliseconds since the Unix epoch. */
export type StoredTimes = ReadonlyMap<string, number>;

/**
 * How long a message may be shown without a mark before that means "saved", in milliseconds. The page gives a save a second before it
 * marks it; the rest is for a busy machine.
 */
export const UNMARKED_MS = 2_500;

/** How long after one tab another may still show what the first no longer does, in milliseconds: they tell each other by messages. */
export const BEHIND_MS = 1_000;

/**
 * Everything that a page showed and that was not so, as sentences; none of them is what a test wants.
 *
 * - `saved` is shown only of what the server has stored by then.
 * - A message without a mark for longer than a moment is one that the server has.
 * - A mark that says that the device keeps the message is shown only while its store holds it, or after the server has it.
 * - What was shown as saved stays saved, at once in that tab and a moment later in every other.
 */
export function untruths(shown: readonly Shown[], stored: StoredTimes, until: number): string[] {
  const found: string[] = [];
  const inOrder = shown.toSorted((a, b) => a.at - b.at);
  const key = (tab: string, messageId: string) => `${tab} ${messageId}`;
  const savedIn = new Set<string>();
  const savedFirst = new Map(inOrder.filter(({ state }) => state === 'saved').toReversed().map(({ messageId, at }) => [messageId, at]));
  // Until when an entry was what its tab showed.
  const endOf = (index: number) => inOrder.slice(index + 1).find(({ tab, messageId }) => tab === inOrder[index]!.tab && messageId === inOrder[index]!.messageId)?.at ?? until;
  for (const [index, entry] of inOrder.entries()) {
    const { at, tab, messageId, state } = entry;
    const storedAt = stored.get(messageId) ?? Number.POSITIVE_INFINITY;
    const say = (what: string) => found.push(`${messageId} in ${tab}: ${what} (${storedAt === Number.POSITIVE_INFINITY ? 'never stored' : `stored ${Math.round(storedAt - at)} ms later`})`);
    if (state === 'unknown') say('shown with a mark that nobody knows');
    if (state === 'saved') {
      if (storedAt > at) say('shown as saved before the server had it');
      savedIn.add(key(tab, messageId));
    }
    if (state === 'none') {
      const end = endOf(index);
      if (end - at > UNMARKED_MS && storedAt > at + UNMARKED_MS) say(`shown without a mark for ${Math.round(end - at)} ms and not saved`);
    }
    if (entry.isOnDevice === false && storedAt > entry.lookedAt!) say(`shown as ${state}, but this device did not keep it`);
    const saved = savedFirst.get(messageId);
    if (saved === undefined || saved >= at || ['saved', 'none', 'gone'].includes(state)) continue;
    if (savedIn.has(key(tab, messageId))) say(`shown as ${state} after it had been shown as saved`);
    else if (endOf(index) - saved > BEHIND_MS) say(`shown as ${state} after it had been shown as saved in another tab`);
  }
  return found;
}
