import 'fake-indexeddb/auto';
import { afterEach, expect, test, vi } from 'vitest';
import type { StoreOperation } from '../engine/wire.js';
import { deleteDatabase, IndexedDbStore } from './indexedDbStore.js';

const NAME = 'store-under-test';
const item = (key: string): StoreOperation => ({ do: 'putItem', key, record: `record of ${key}` });

async function opened(): Promise<IndexedDbStore> {
  let installations = 0;
  return IndexedDbStore.open({ name: NAME, newInstallation: () => `installation-${(installations += 1)}`, now: () => 0 });
}

afterEach(async () => {
  vi.restoreAllMocks();
  await deleteDatabase(NAME);
});

test('what one step asks for is one transaction, in its order', async () => {
  const store = await opened();
  const transactions = vi.spyOn(IDBDatabase.prototype, 'transaction');
  const answer: StoreOperation = { do: 'putAnswer', key: 'run', record: 'answer' };
  await Promise.all([store.write([item('a'), item('b')]), store.write([{ do: 'deleteItem', key: 'a' }]), store.write([answer])]);
  expect(transactions).toHaveBeenCalledTimes(1);
  expect((await store.read()).items.map(({ key }) => key)).toEqual(['b']);
  expect(await store.readAnswers()).toEqual([{ key: 'run', record: 'answer' }]);
  store.close();
});

test('a transaction that the device refuses leaves nothing of any write in it', async () => {
  const store = await opened();
  await store.write([item('before')]);
  const put = IDBObjectStore.prototype.put;
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value: { key: string }) {
    if (value.key === 'b') throw new DOMException('full', 'QuotaExceededError');
    return put.call(this, value);
  });
  const outcomes = await Promise.allSettled([store.write([item('a')]), store.write([item('b'), item('c')])]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await store.itemKeys()).toEqual(['before']);
  await store.write([item('a')]);
  expect(await store.itemKeys()).toEqual(['a', 'before']);
  store.close();
});

test('where the database turns out to be another one, the write stands in that one and the loss is told', async () => {
  const store = await opened();
  await store.write([item('a')]);
  const lost = vi.fn<() => void>();
  store.onLost(lost);
  // As when site data are cleared store by store, under an open connection.
  const database = await store.connection();
  await Promise.all([database.clear('items'), database.clear('meta')]);
  await store.write([item('b')]);
  expect(lost).toHaveBeenCalledTimes(1);
  expect(await store.itemKeys()).toEqual(['b']);
  store.close();
});
