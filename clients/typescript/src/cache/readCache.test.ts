import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { IndexedDbStore } from '../store/indexedDbStore.js';
import { IndexedDbReadCache, MOST_CONVERSATIONS, MOST_MESSAGES, MOST_THREADS, mergeMessages } from './readCache.js';

let count = 0;

async function newCache() {
  count += 1;
  let time = 0;
  const environment = { now: () => (time += 1) };
  const open = () => IndexedDbStore.open({ name: `cache-${count}`, newInstallation: () => 'device', now: environment.now });
  return { cache: new IndexedDbReadCache(await open(), environment), reopened: async () => new IndexedDbReadCache(await open(), environment) };
}

const message = (seq: number, text = 'x') => ({ id: `m${seq}`, seq, text });
const conversation = (number: number) => ({ id: `c${number}`, lastMessageAt: new Date(number * 1_000).toISOString() });

describe('the copies', () => {
  it('join what is put and give it in order', async () => {
    const { cache } = await newCache();
    cache.putMessages('c', [message(2), message(3)]);
    cache.putMessages('c', [message(1), message(3, 'edited'), { id: 'unsaved', seq: null }]);
    cache.putConversations([conversation(1), conversation(2)]);
    expect(await cache.messages('c')).toEqual([message(1), message(2), message(3, 'edited')]);
    expect((await cache.conversations()).map(({ id }) => id)).toEqual(['c2', 'c1']);
    expect(await cache.messages('other')).toEqual([]);
  });

  it('forget a conversation, and everything', async () => {
    const { cache } = await newCache();
    cache.putConversations([conversation(1), conversation(2)]);
    cache.putMessages('c1', [message(1)]);
    cache.putMessages('c2', [message(1)]);
    cache.forgetConversation('c1');
    expect([(await cache.conversations()).map(({ id }) => id), await cache.messages('c1')]).toEqual([['c2'], []]);
    cache.clear();
    expect([await cache.conversations(), await cache.messages('c2')]).toEqual([[], []]);
  });

  it('are there after a restart, and those used last stay', async () => {
    const { cache, reopened } = await newCache();
    cache.putConversations(Array.from({ length: MOST_CONVERSATIONS }, (_, number) => conversation(number)));
    cache.putConversations([conversation(9_000)]);
    for (let number = 0; number < MOST_THREADS + 5; number += 1) cache.putMessages(`c${number}`, [message(number)]);
    await cache.messages('');
    const again = await reopened();
    expect(await again.messages(`c${MOST_THREADS + 4}`)).toEqual([message(MOST_THREADS + 4)]);
    expect(await again.messages('c0')).toEqual([]);
    const kept = await again.conversations();
    expect([kept.length, kept[0]?.id]).toEqual([MOST_CONVERSATIONS, 'c9000']);
  });

  it('keep the newest within the bounds, and always one', () => {
    const many = Array.from({ length: MOST_MESSAGES + 5 }, (_, seq) => message(seq));
    expect(mergeMessages(many, []).map(({ seq }) => seq)).toEqual(many.slice(5).map(({ seq }) => seq));
    const large = 'x'.repeat(1_500_000);
    expect(mergeMessages([message(1, large)], [message(2, large)]).map(({ seq }) => seq)).toEqual([2]);
    expect(mergeMessages([], [message(3, large + large)]).map(({ seq }) => seq)).toEqual([3]);
  });
});
