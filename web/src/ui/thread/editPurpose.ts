import type { SaveInfo } from '../../state/outbox';

/**
 * What a changed wording becomes: a branch beside the old one, or, while the server does not have the message, the message itself. A `version`
 * is a branch beside a message that may have been sent and is not known to be saved.
 */
export type EditPurpose = 'branch' | 'version' | 'replace' | 'resend';

export function editPurpose(save: SaveInfo | undefined): EditPurpose {
  if (save?.state === 'failed') return 'resend';
  if (save?.mayBeSent) return 'version';
  return save?.state === 'queued' || save?.state === 'waiting' ? 'replace' : 'branch';
}
