import { expect, it } from 'vitest';
import { initialState } from '../state/store';
import { nextTryAt } from './useNextTry';

const queue = { nextTryAt: 5 } as never;
const waiting = (until: number | null) => ({ a: { reason: { code: 'server_away', detail: '' }, until } });

it('is the first of all tries that are planned, and none while one is under way', () => {
  expect(nextTryAt({ ...initialState })).toBe(null);
  expect(nextTryAt({ ...initialState, queue })).toBe(5);
  expect(nextTryAt({ ...initialState, queue, answersWaiting: waiting(3) })).toBe(3);
  expect(nextTryAt({ ...initialState, queue, answersWaiting: waiting(null), connectivity: { reachable: false, nextTryAt: 4 } })).toBe(4);
  expect(nextTryAt({ ...initialState, queue, connectivity: { reachable: false, nextTryAt: null } })).toBe(null);
});
