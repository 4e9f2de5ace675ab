import * as faults from '../support/faults/fault.ts';
import { APPEND, expect, SURFACES, test } from '../support/proof/test.ts';

for (const surface of SURFACES) {
  test.describe(`whatever happens to the device, ${surface.name}`, () => {
    test.use({ surface });

    test('storage that is cleared under an open tab loses nothing of it', async ({ world }) => {
      const tab = await world.openTab();
      await world.network.goOffline();
      const first = await world.write(tab);
      await world.write(tab);
      await world.wasShown(first.id, 'waiting');
      const devtools = await world.context.newCDPSession(tab.page);
      await devtools.send('Storage.clearDataForOrigin', { origin: world.network.url, storageTypes: 'all' });
      await world.write(tab);
      await world.network.goOnline();
      await tab.tryNow();
      await world.keptItsPromise();
    });

    test('a database that is deleted under an open tab loses nothing of it', async ({ world }) => {
      const tab = await world.openTab();
      await world.network.goOffline();
      const first = await world.write(tab);
      await world.wasShown(first.id, 'waiting');
      await tab.page.evaluate(async () => {
        const names = (await indexedDB.databases()).map(({ name }) => name!);
        await Promise.all(names.map((name) => new Promise((resolve) => {
          const request = indexedDB.deleteDatabase(name);
          request.onsuccess = resolve;
          request.onerror = resolve;
        })));
      });
      await world.write(tab);
      await world.network.goOnline();
      await tab.tryNow();
      await world.keptItsPromise();
    });

    test('records that cannot be read are put aside and told, and cost nothing but themselves', async ({ world }) => {
      const strange = [
        { key: '01900000-0000-7000-8000-000000000001', record: 'no record at all' },
        { key: '01900000-0000-7000-8000-000000000002', record: '{"version":999,"record":{"item":{"from":"the future"}}}' },
      ];
      const tab = await world.openTab();
      const rule = world.network.on(APPEND, faults.dropRequest());
      const { id } = await world.write(tab);
      await world.wasShown(id, 'waiting');
      await tab.page.goto(`${world.network.url}/healthz`);
      await tab.page.evaluate(putIntoItems, strange);
      rule.lift();
      await tab.page.close();
      const next = await world.openTab();
      await next.warned('set_aside');
      await world.keptItsPromise();
      const aside = await next.page.evaluate(readAll, 'set_aside');
      expect(aside.map(({ key, record }) => ({ key, record })).toSorted((a, b) => a.key.localeCompare(b.key))).toEqual(strange);
    });

    test('a database of a newer version is left as it is, and another one is used', async ({ world }) => {
      const page = await world.context.newPage();
      await page.goto(`${world.network.url}/healthz`);
      await page.evaluate(makeNewerDatabase);
      const tab = await world.openTab();
      await tab.warned('set_aside');
      await world.network.goOffline();
      const { id } = await world.write(tab);
      await world.wasShown(id, 'waiting');
      await world.network.goOnline();
      await tab.tryNow();
      await world.keptItsPromise();
      expect((await page.evaluate(readAll, 'items')).map(({ record }) => record)).toEqual(['of version 99']);
    });

    test('without storage the tab says so, and still sends everything', async ({ world }) => {
      await world.context.addInitScript(() => {
        Object.defineProperty(window, 'indexedDB', { value: undefined });
      });
      const tab = await world.openTab();
      await tab.warned('memory_only');
      const rule = world.network.on(APPEND, faults.dropRequest());
      const { id } = await world.write(tab);
      await world.wasShown(id, 'inTab');
      rule.lift();
      await world.keptItsPromise();
    });

    for (const [what, hours] of [['forward', 26], ['back', -26]] as const) {
      test(`a clock that is moved ${what} neither loses nor holds up anything`, async ({ world }) => {
        test.setTimeout(90_000);
        const tab = await world.openTab();
        const rule = world.network.on(APPEND, faults.dropRequest());
        const { id } = await world.write(tab);
        await rule.met();
        await tab.page.evaluate((milliseconds) => {
          const RealDate = Date;
          const moved = (): number => RealDate.now() + milliseconds;
          class MovedDate extends RealDate {
            constructor(...values: ConstructorParameters<typeof Date> | []) {
              super(...((values.length === 0 ? [moved()] : values) as ConstructorParameters<typeof Date>));
            }
            static override now = moved;
          }
          window.Date = MovedDate as DateConstructor;
        }, hours * 3_600_000);
        await world.write(tab);
        await world.wasShown(id, 'waiting');
        rule.lift();
        // Nobody presses anything: the next try comes by itself, and not in 26 hours. After what looks like a day without the server
        // it comes at any moment of the next half minute, so that not everyone comes at once.
        await world.keptItsPromise({ within: 45_000 });
        expect(rule.hits).toBeLessThan(10);
      });
    }
  });
}

interface StrangeRecord {
  key: string;
  record: string;
}

/** In the page: puts records into the outbox's store, past the client. */
function putIntoItems(records: StrangeRecord[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('manent');
    opening.onerror = () => reject(opening.error!);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction('items', 'readwrite');
      for (const record of records) transaction.objectStore('items').put(record);
      transaction.oncomplete = () => {
        opening.result.close();
        resolve();
      };
      transaction.onerror = () => reject(transaction.error!);
    };
  });
}

/** In the page: everything that a store holds. */
function readAll(store: string): Promise<StrangeRecord[]> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('manent');
    opening.onerror = () => reject(opening.error!);
    opening.onsuccess = () => {
      const all = opening.result.transaction(store).objectStore(store).getAll() as IDBRequest<StrangeRecord[]>;
      all.onsuccess = () => {
        opening.result.close();
        resolve(all.result);
      };
      all.onerror = () => reject(all.error!);
    };
  });
}

/** In the page: the database as a version may leave it that is not written yet. */
function makeNewerDatabase(): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('manent', 99);
    opening.onerror = () => reject(opening.error!);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore('items', { keyPath: 'key' }).put({ key: 'one', record: 'of version 99' });
    };
    opening.onsuccess = () => {
      opening.result.close();
      resolve();
    };
  });
}
