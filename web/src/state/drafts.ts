import { readLocal, writeLocal } from './localValue';

/** The draft's place for a conversation that does not exist yet. */
export const NEW_CONVERSATION = 'new';

const PREFIX = 'manent.draft.';

/** What was typed and not sent, kept per conversation in this browser. */
export function readDraft(conversationId: string): string {
  return readLocal(PREFIX + conversationId, '');
}

export function writeDraft(conversationId: string, text: string): void {
  writeLocal(PREFIX + conversationId, text === '' ? null : text);
}
