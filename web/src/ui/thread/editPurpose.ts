import type { SaveInfo } from '../../state/outbox';

/** What a changed wording becomes: a branch beside the old one, or, while the server does not have the message, the message itself. */
export type EditPurpose = 'branch' | 'replace' | 'resend';

export function editPurpose(save: SaveInfo | undefined): EditPurpose {
  if (save === undefined) return 'branch';
  if (save.state === 'failed') return 'resend';
  return (save.state === 'queued' || save.state === 'waiting') && !save.mayBeSent ? 'replace' : 'branch';
}
