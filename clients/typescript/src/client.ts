import { IndexedDbReadCache } from './cache/indexedDbReadCache.js';
import { MemoryReadCache } from './cache/readCache.js';
import { loadEngine } from './engine/load.js';
import { browserEnvironment, type Environment } from './environment.js';
import { SharedFeed } from './feed/sharedFeed.js';
import { newId } from './ids.js';
import { OutboxTab } from './persistence/outboxTab.js';
import { DurablePersistenceService } from './persistence/persistenceService.js';
import { Transport } from './persistence/transport.js';
import { openStore } from './store/openStore.js';
import { TabLink } from './tabs/tabLink.js';
import { SingleTabLocks, WebTabLocks } from './tabs/tabLocks.js';
import type { ClientOptions, ManentClient } from './types.js';

/** Opens the client in this tab: resolves when what the device keeps was read. Never rejects for want of storage. */
export function createClient(options: ClientOptions = {}): Promise<ManentClient> {
  return openClient(options, browserEnvironment(options.fetch));
}

/** As {@link createClient}, in given surroundings. */
export async function openClient(options: ClientOptions, environment: Environment): Promise<ManentClient> {
  const name = options.databaseName ?? 'manent';
  const baseUrl = (options.baseUrl ?? '').replace(/\/+$/, '');
  const opening = openStore({ name, storage: options.storage ?? 'auto', newId: () => newId(environment), now: () => environment.now() });
  const [module, { store, database, warnings }] = await Promise.all([loadEngine(options.wasm), opening]);
  const isShared = store.kind === 'durable' && environment.locks !== null;
  const link = new TabLink(isShared ? environment.openChannel(name) : null);
  const locks = isShared ? new WebTabLocks(environment.locks!, `${name}/${store.installation}`) : new SingleTabLocks();
  const transport = new Transport(environment, { baseUrl, headers: options.headers });
  const { maxRetries, backoffMs } = options;
  const tab = await OutboxTab.open({ module, store, locks, link, transport, environment, settings: { maxRetries, backoffMs } });
  const persistence = new DurablePersistenceService(tab, store.kind, warnings);
  const cache = database ? new IndexedDbReadCache(database, () => environment.now()) : new MemoryReadCache();
  const feed = new SharedFeed({ environment, baseUrl, link });
  feed.lead(tab.isSender);
  if (store.kind === 'durable') environment.keepStorage();

  tab.reports.add(() => {
    const metrics = persistence.getMetrics();
    options.onMetrics?.(metrics);
    if (tab.isSender) environment.track(metrics);
    feed.lead(tab.isSender);
  });
  const stops = [environment.onAwake(() => persistence.probeNow())];
  return {
    persistence,
    feed,
    cache,
    close: async () => {
      for (const stop of stops) stop();
      feed.close();
      await tab.close();
      link.close();
      store.close();
    },
  } as unknown as ManentClient;
}
