import type { SaveReason } from '../../state/outbox';

export type WayOut = 'showBlocker' | 'edit' | 'again' | 'branch' | 'copy' | 'discard';

/** Reasons that speak of the place in the conversation: elsewhere the same words can be saved. */
const PLACE_CODES = new Set(['parent_unknown', 'parent_elsewhere', 'parent_refused', 'id_taken', 'target_unknown']);

/** Reasons that speak of the words themselves: they are the same in every place. */
const CONTENT_CODES = new Set(['message_too_large', 'too_large', 'body_too_large', 'content_empty', 'invalid_value', 'role_not_allowed']);

/** What can be done about a message that is not saved, what is most likely to help first. */
export function waysOutOf(reason: SaveReason | null): WayOut[] {
  const code = reason?.code ?? '';
  if (code === 'withdrawn') return ['edit', 'again', 'copy', 'discard'];
  // It goes with the message that it builds on: there is the decision, unless it shall go without it.
  if (code === 'blocked' && reason?.blockedBy !== undefined) return ['showBlocker', 'branch', 'copy', 'discard'];
  if (CONTENT_CODES.has(code)) return ['edit', 'again', 'copy', 'discard'];
  return PLACE_CODES.has(code) || code === 'blocked' ? ['edit', 'branch', 'again', 'copy', 'discard'] : ['edit', 'again', 'branch', 'copy', 'discard'];
}
