import { expect, it } from 'vitest';
import type { SaveInfo } from '../../state/outbox';
import { editPurpose } from './editPurpose';

const save = (change: Partial<SaveInfo>): SaveInfo => ({ conversationId: 'c', state: 'queued', reason: null, until: null, since: 0, mayBeSent: false, ...change });

it('changes the message itself only while no request can have carried it, makes a branch of everything else, and says so of what may be on its way', () => {
  const cases: [SaveInfo | undefined, string][] = [
    [undefined, 'branch'],
    [save({ state: 'queued' }), 'replace'],
    [save({ state: 'waiting' }), 'replace'],
    [save({ state: 'queued', mayBeSent: true }), 'version'],
    [save({ state: 'waiting', mayBeSent: true }), 'version'],
    [save({ state: 'sending', mayBeSent: true }), 'version'],
    [save({ state: 'storing' }), 'branch'],
    [save({ state: 'failed', mayBeSent: true }), 'resend'],
  ];
  expect(cases.map(([given]) => editPurpose(given))).toEqual(cases.map(([, purpose]) => purpose));
});
