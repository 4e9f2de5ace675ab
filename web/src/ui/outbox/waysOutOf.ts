import type { SaveReason } from '../../state/outbox';

export type WayOut = 'showBlocker' | 'newChat' | 'edit' | 'again' | 'branch' | 'copy' | 'discard';

/** Reasons that speak of the place in the conversation: elsewhere the same words can be saved. */
const PLACE_CODES = new Set(['parent_unknown', 'parent_elsewhere', 'parent_refused', 'id_taken', 'target_unknown', 'blocked']);

/** Reasons that speak of the words themselves: they are the same in every place. */
const CONTENT_CODES = new Set(['message_too_large', 'too_large', 'body_too_large', 'content_empty', 'invalid_value', 'role_not_allowed', 'withdrawn']);

/** The conversation itself is missing: no place in it helps, and another wording neither. */
const MISSING = 'conversation_not_found';

/** What can be done about a message that is not saved, what is most likely to help first. An answer is the model's, and belongs to its question. */
export function waysOutOf(reason: SaveReason | null, { isAnswer = false, cause = reason?.code ?? '' } = {}): WayOut[] {
  return ways(reason, cause).filter((way) => !isAnswer || (way !== 'edit' && way !== 'branch' && way !== 'newChat'));
}

function ways(reason: SaveReason | null, cause: string): WayOut[] {
  const code = reason?.code ?? '';
  // It goes with the message that it builds on: there is the decision, unless it shall go without it.
  if (code === 'blocked' && reason?.blockedBy !== undefined) return cause === MISSING ? ['showBlocker', 'newChat', 'copy', 'discard'] : ['showBlocker', 'branch', 'copy', 'discard'];
  if (code === MISSING) return ['newChat', 'again', 'copy', 'discard'];
  if (CONTENT_CODES.has(code)) return ['edit', 'again', 'copy', 'discard'];
  return PLACE_CODES.has(code) ? ['edit', 'branch', 'again', 'copy', 'discard'] : ['edit', 'again', 'branch', 'copy', 'discard'];
}

/** The code of what keeps a message from being saved: of the first one that it builds on, where it is blocked. */
export function causeOf(reason: SaveReason | null, saves: { get(id: string): { reason: SaveReason | null } | undefined }): string {
  const seen = new Set<SaveReason>();
  for (let cause = reason; cause !== null; ) {
    const next = cause.code === 'blocked' ? saves.get(cause.blockedBy ?? '')?.reason : undefined;
    seen.add(cause);
    if (!next || seen.has(next)) return cause.code;
    cause = next;
  }
  return '';
}
