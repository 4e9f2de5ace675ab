import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { IndexedDbStore } from '../store/indexedDbStore.js';
import { IndexedDbReadCache } from './indexedDbReadCache.js';
import { MemoryReadCache, mergeMessages, MOST_CONVERSATIONS, MOST_MESSAGES, MOST_WITH_MESSAGES } from './readCache.js';

let count = 0;

async function inDatabase() {
  count += 1;
  let time = 0;
  const open = () => IndexedDbStore.open({ name: `cache-${count}`, newInstallation: () => 'device', now: () => time });
  const store = await open();
  const cache = new IndexedDbReadCache(store, () => (time += 1));
  return { cache, store, reopened: async () => new IndexedDbReadCache(await open(), () => (time += 1)) };
}

const message = (seq: number, text = 'x') => ({ id: `m${seq}`, seq, text });
const conversation = (number: number) => ({ id: `c${number}`, lastMessageAt: new Date(number * 1_000).toISOString() });

describe.each([
  ['in memory', async () => new MemoryReadCache()],
  ['in the database', async () => (await inDatabase()).cache],
])('the copies %s', (_, make) => {
  it('joins what is put and gives it in order', async () => {
    const cache = await make();
    cache.putMessages('c', [message(2), message(3)]);
    cache.putMessages('c', [message(1), message(3, 'edited'), { id: 'unsaved', seq: null }]);
    cache.putConversations([conversation(1), conversation(2)]);
    expect(await cache.messages('c')).toEqual([message(1), message(2), message(3, 'edited')]);
    expect((await cache.conversations()).map(({ id }) => id)).toEqual(['c2', 'c1']);
    expect(await cache.messages('other')).toEqual([]);
  });

  it('forgets a conversation, and everything', async () => {
    const cache = await make();
    cache.putConversations([conversation(1), conversation(2)]);
    cache.putMessages('c1', [message(1)]);
    cache.putMessages('c2', [message(1)]);
    cache.forgetConversation('c1');
    expect([(await cache.conversations()).map(({ id }) => id), await cache.messages('c1')]).toEqual([['c2'], []]);
    cache.clear();
    expect([await cache.conversations(), await cache.messages('c2')]).toEqual([[], []]);
  });
});

describe('the copies in the database', () => {
  it('are there after a restart, and those used last stay', async () => {
    const { cache, reopened } = await inDatabase();
    cache.putConversations(Array.from({ length: MOST_CONVERSATIONS + 3 }, (_, number) => conversation(number)));
    for (let number = 0; number < MOST_WITH_MESSAGES + 60; number += 1) {
      cache.putMessages(`c${number}`, [message(number)]);
      await cache.settled();
    }
    const again = await reopened();
    expect(await again.messages(`c${MOST_WITH_MESSAGES + 59}`)).toEqual([message(MOST_WITH_MESSAGES + 59)]);
    expect(await again.messages('c0')).toEqual([]);
  });
});

describe('mergeMessages', () => {
  it('keeps the newest within the bounds, and always one', () => {
    const many = Array.from({ length: MOST_MESSAGES + 5 }, (_, seq) => message(seq));
    expect(mergeMessages(many, []).map(({ seq }) => seq)).toEqual(many.slice(5).map(({ seq }) => seq));
    const large = 'x'.repeat(1_500_000);
    expect(mergeMessages([message(1, large)], [message(2, large)]).map(({ seq }) => seq)).toEqual([2]);
    expect(mergeMessages([], [message(3, large + large)]).map(({ seq }) => seq)).toEqual([3]);
  });
});
