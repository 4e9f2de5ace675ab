import { expect, it } from 'vitest';
import { type SaveInfo, unsavedConversations } from './outbox';

const save = (conversationId: string, state: SaveInfo['state']): SaveInfo => ({ conversationId, state, reason: null, until: null, since: 0, mayBeSent: false });

it('tells of each conversation the gravest that it holds, and nothing of what is under way or was taken back', () => {
  const saves = { a: save('1', 'waiting'), b: save('1', 'failed'), c: save('1', 'waiting'), d: save('2', 'waiting'), e: save('3', 'queued'), f: save('3', 'sending'), g: { ...save('4', 'failed'), reason: { code: 'withdrawn', detail: '' } } };
  expect([...unsavedConversations(saves)]).toEqual([
    ['1', 'failed'],
    ['2', 'waiting'],
  ]);
});

it('counts each state of the saves once', () => {
  const saves = { a: save('1', 'waiting') };
  expect(unsavedConversations(saves)).toBe(unsavedConversations(saves));
});
