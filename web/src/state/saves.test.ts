import { expect, it } from 'vitest';
import type { SaveInfo } from './outbox';
import { Saves } from './saves';

const save = (conversationId: string, state: SaveInfo['state']): SaveInfo => ({ conversationId, state, reason: null, until: null, since: 0, mayBeSent: false });

it('tells of each conversation the gravest that it holds, and nothing of what is under way or was taken back', () => {
  const saves = Saves.of([
    ['a', save('1', 'waiting')],
    ['b', save('1', 'failed')],
    ['c', save('1', 'waiting')],
    ['d', save('2', 'waiting')],
    ['e', save('3', 'queued')],
    ['f', save('3', 'sending')],
    ['g', { ...save('4', 'failed'), reason: { code: 'withdrawn', detail: '' } }],
  ]);
  expect(['1', '2', '3', '4', '5'].map((id) => saves.unsavedIn(id))).toEqual(['failed', 'waiting', undefined, undefined, undefined]);
  const decided = saves.with([
    ['b', null],
    ['d', save('2', 'sending')],
  ]);
  expect(['1', '2'].map((id) => decided.unsavedIn(id))).toEqual(['waiting', undefined]);
});

it('holds through any changes what a map of the same changes holds, and leaves earlier ones as they were', () => {
  const model = new Map<string, SaveInfo>();
  let saves = Saves.none;
  let seed = 7;
  const next = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 300; round += 1) {
    const before = saves;
    const heldBefore = [...before.values()].length;
    const changes = Array.from({ length: 1 + next(4) }, (): [string, SaveInfo | null] => {
      const id = `0199c0de-0000-7000-8000-${String(next(600)).padStart(12, '0')}`;
      return [id, next(3) === 0 ? null : save(String(next(5)), (['waiting', 'failed', 'queued'] as const)[next(3)]!)];
    });
    saves = before.with(changes);
    for (const [id, info] of changes) {
      if (info) model.set(id, info);
      else model.delete(id);
    }
    expect([...before.values()]).toHaveLength(heldBefore);
  }
  expect(new Set(saves.values())).toEqual(new Set(model.values()));
  for (const [id, info] of model) expect(saves.get(id)).toBe(info);
  for (const conversation of ['0', '1', '2', '3', '4']) {
    const states = [...model.values()].filter(({ conversationId }) => conversationId === conversation).map(({ state }) => state);
    const expected = states.includes('failed') ? 'failed' : states.includes('waiting') ? 'waiting' : undefined;
    expect(saves.unsavedIn(conversation)).toBe(expected);
  }
});
