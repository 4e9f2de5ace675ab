import type { Conversation } from '../api/types';
import { readLocal, writeLocal } from './localValue';
import type { Store } from './store';

const KEY = 'manent.titles';

/** How many of the newest conversations this browser remembers for the next start. */
const REMEMBERED = 300;

/**
 * Shows the list of the last visit until the server's own arrives, and remembers it for the next one.
 * Only what the list needs is kept: no settings, no messages.
 */
export function installTitleCache(store: Store): void {
  const remembered = readLocal<Conversation[]>(KEY, []);
  if (Array.isArray(remembered)) {
    store.setState({ conversations: Object.fromEntries(remembered.map((conversation) => [conversation.id, conversation])) });
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  store.subscribe((state, previous) => {
    if (state.conversations === previous.conversations) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const list = Object.values(store.getState().conversations)
        .filter((conversation) => !conversation.archived && conversation.trashedAt === null)
        .sort((left, right) => (right.lastMessageAt ?? right.createdAt).localeCompare(left.lastMessageAt ?? left.createdAt))
        .slice(0, REMEMBERED)
        .map((conversation) => ({ ...conversation, config: {} }));
      writeLocal(KEY, list);
    }, 1_000);
  });
}
