import { describe, expect, it } from 'vitest';
import { LockedPlaces, MOST_STREAMS } from './streamPlaces';

/** The browser's locks, as far as they are used. */
function fakeLocks(): LockManager {
  const held = new Set<string>();
  const waiting: { name: string; grant: () => void }[] = [];
  const grantNext = (name: string) => {
    const place = waiting.findIndex((request) => request.name === name);
    if (place >= 0) waiting.splice(place, 1)[0]!.grant();
  };
  const request = (name: string, options: LockOptions, callback: (lock: Lock | null) => unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const grant = () => {
        held.add(name);
        void Promise.resolve(callback({ name, mode: 'exclusive' })).then(resolve, reject).finally(() => {
          held.delete(name);
          grantNext(name);
        });
      };
      if (!held.has(name)) return grant();
      if (options.ifAvailable) return resolve(callback(null));
      const entry = { name, grant };
      waiting.push(entry);
      options.signal?.addEventListener('abort', () => {
        const place = waiting.indexOf(entry);
        if (place < 0) return;
        waiting.splice(place, 1);
        reject(options.signal!.reason);
      });
    });
  return { request } as unknown as LockManager;
}

describe('LockedPlaces', () => {
  it('gives so many places, and the next one when one is given back', async () => {
    const locks = fakeLocks();
    const tabs = [new LockedPlaces(locks), new LockedPlaces(locks)];
    const taken = [];
    for (let count = 0; count < MOST_STREAMS; count += 1) taken.push(await tabs[count % 2]!.tryTake());
    expect(taken.every((release) => release !== null)).toBe(true);
    expect(await tabs[0]!.tryTake()).toBeNull();
    const order: string[] = [];
    const first = tabs[0]!.take(new AbortController().signal).then((release) => (order.push('first'), release));
    const second = tabs[1]!.take(new AbortController().signal).then((release) => (order.push('second'), release));
    taken[1]!();
    (await first)();
    await second;
    expect(order).toEqual(['first', 'second']);
  });

  it('gives up waiting when it is told to, and takes no place then', async () => {
    const places = new LockedPlaces(fakeLocks());
    const taken = [];
    for (let count = 0; count < MOST_STREAMS; count += 1) taken.push(await places.tryTake());
    const giveUp = new AbortController();
    const waiting = places.take(giveUp.signal);
    giveUp.abort();
    await expect(waiting).rejects.toThrow();
    for (const release of taken) release!();
    const again = [];
    for (let count = 0; count < MOST_STREAMS; count += 1) again.push(await places.tryTake());
    expect(again.every((release) => release !== null)).toBe(true);
  });
});
