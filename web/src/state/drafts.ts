import { readLocal, writeLocal } from './localValue';

/** The draft's place for a conversation that does not exist yet. */
export const NEW_CONVERSATION = 'new';

const PREFIX = 'manent.draft.';

/** The key under which a tab keeps who it is; a tab that is loaded anew is the same one. */
const TAB = 'manent.tab';

/** How many tabs' drafts of one conversation are kept, the newest. */
const MOST_TABS = 5;

/** What was typed in a tab and not sent. */
type Draft = readonly [tab: string, text: string];

/**
 * What was typed here and not sent, kept per conversation and tab in this browser: a tab that sends takes nobody else's words away. A tab that
 * has none of its own goes on with the newest of the others, which may be closed.
 */
export function readDraft(conversationId: string): string {
  const drafts = read(conversationId);
  const own = drafts.find(([tab]) => tab === ownTab())?.[1];
  if (own !== undefined) return own;
  const other = drafts.at(-1)?.[1];
  if (other !== undefined) taken.set(conversationId, other);
  return other ?? '';
}

export function writeDraft(conversationId: string, text: string): void {
  const from = taken.get(conversationId);
  // Words that are gone on with, or were sent or deleted as they are, stand in one place; what is written instead of them leaves them there.
  const isMoved = from !== undefined && (text.startsWith(from) || from.startsWith(text));
  taken.delete(conversationId);
  const others = read(conversationId).filter(([tab, words]) => tab !== ownTab() && !(isMoved && words === from));
  const next = [...others, ...(text === '' ? [] : [[ownTab(), text] as const])].slice(-MOST_TABS);
  writeLocal(PREFIX + conversationId, next.length === 0 ? null : next);
}

/** By conversation: the words of another tab with which this one began. */
const taken = new Map<string, string>();

function read(conversationId: string): readonly Draft[] {
  const kept = readLocal<unknown>(PREFIX + conversationId, []);
  // As pages of before kept it.
  if (typeof kept === 'string') return [['', kept]];
  return Array.isArray(kept) ? kept.filter((draft): draft is Draft => Array.isArray(draft) && typeof draft[0] === 'string' && typeof draft[1] === 'string') : [];
}

let known: string | undefined;

function ownTab(): string {
  known ??= readTab();
  return known;
}

function readTab(): string {
  try {
    const tab = sessionStorage.getItem(TAB) ?? crypto.randomUUID();
    sessionStorage.setItem(TAB, tab);
    return tab;
  } catch {
    return 'this';
  }
}
