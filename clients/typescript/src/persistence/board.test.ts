import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { WireState } from '../engine/wire.js';
import { Board } from './board.js';

type Step = { do: 'put' | 'move'; id: string; queuedAt: number; state: WireState } | { do: 'remove'; id: string } | { do: 'clear' } | { do: 'pace'; pace: WireState | null };

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const state = fc.constantFrom<WireState>(
  { state: 'storing' },
  { state: 'queued' },
  { state: 'sending' },
  { state: 'waiting', code: 'behind_another' },
  { state: 'waiting', code: 'server_away' },
  { state: 'failed' },
  { state: 'discarded' },
  { state: 'saved' },
);
const step = fc.oneof<fc.Arbitrary<Step>[]>(
  fc.record({ do: fc.constantFrom('put' as const, 'move' as const), id, queuedAt: fc.nat(5), state }),
  fc.record({ do: fc.constant('remove' as const), id }),
  fc.record({ do: fc.constant('clear' as const) }),
  fc.record({ do: fc.constant('pace' as const), pace: fc.constantFrom<WireState | null>(null, { state: 'waiting', code: 'server_away' }) }),
);

it('counts as if it counted anew each time', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const board = new Board();
      for (const one of steps) {
        if (one.do === 'put' && one.state.state !== 'saved') board.put({ id: one.id, conversationId: 'k', message: { id: one.id, role: 'user', content: 'x' }, queuedAt: one.queuedAt, mayBeSent: false, state: one.state });
        else if (one.do === 'move') board.move(one.id, one.state);
        else if (one.do === 'remove') board.remove(one.id);
        else if (one.do === 'clear') board.clear();
        else if (one.do === 'pace') board.setPace(one.pace);
        const anew = { storing: 0, queued: 0, sending: 0, waiting: 0, failed: 0, oldestQueuedAt: null as number | null };
        for (const item of board.list()) {
          if (item.state === 'saved' || item.state === 'discarded') continue;
          anew[item.state] += 1;
          if (item.state !== 'failed') anew.oldestQueuedAt = Math.min(anew.oldestQueuedAt ?? item.queuedAt, item.queuedAt);
        }
        expect(board.counts()).toEqual(anew);
      }
    }),
    { numRuns: 500 },
  );
});
