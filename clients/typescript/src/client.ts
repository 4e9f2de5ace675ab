import { DurableAnswerKeeper } from './answers/answerKeeper.js';
import { IndexedDbReadCache, noReadCache } from './cache/readCache.js';
import { loadEngine } from './engine/load.js';
import { browserEnvironment, type Environment } from './environment.js';
import { SharedFeed } from './feed/feed.js';
import { newId } from './ids.js';
import { OutboxTab } from './persistence/outboxTab.js';
import { DurablePersistenceService } from './persistence/persistenceService.js';
import { Transport } from './persistence/transport.js';
import type { IndexedDbStore } from './store/indexedDbStore.js';
import { type OpenedStore, type OpenOptions, openStore } from './store/openStore.js';
import { TabLink } from './tabs/tabLink.js';
import { LeaseTabLocks } from './tabs/leaseTabLocks.js';
import { SingleTabLocks, type TabLocks, WebTabLocks } from './tabs/tabLocks.js';
import type { ClientOptions, ManentClient } from './types.js';

/** Over how long the clients' first tries are spread when the network is back, in milliseconds. */
const AWAKE_SPREAD_MS = 5_000;

const CANNOT_BE_READ =
  'What this device keeps for this page cannot be read. It stays as it is, and is looked at again at the next start; until then what is not saved is lost when this tab is closed.';

/** Opens the client in this tab: resolves when what the device keeps was read. Never rejects for want of storage. */
export function createClient(options: ClientOptions = {}): Promise<ManentClient> {
  return openClient(options, browserEnvironment(options.fetch));
}

/** As {@link createClient}, in given surroundings. */
export async function openClient(options: ClientOptions, environment: Environment): Promise<ManentClient> {
  const name = options.databaseName ?? 'manent';
  const baseUrl = (options.baseUrl ?? '').replace(/\/+$/, '');
  const openOptions: OpenOptions = { name, storage: options.storage ?? 'auto', newId: () => newId(environment), now: () => environment.now() };
  const [module, best] = await Promise.all([loadEngine(options.wasm), openStore(openOptions)]);
  const transport = new Transport(environment, { baseUrl, headers: options.headers });
  const settings = { maxRetries: options.maxRetries, backoffMs: options.backoffMs, maxItems: options.maxItems };
  const openTab = async ({ store, database, warnings }: OpenedStore) => {
    const link = new TabLink(database ? environment.openChannel(name) : null);
    const locks = tabLocks(environment, database, name);
    try {
      const tab = await OutboxTab.open({ module, store, locks, link, transport, environment, settings });
      return { tab, link, store, database, warnings };
    } catch (error) {
      locks.close();
      link.close();
      store.close();
      throw error;
    }
  };
  const { tab, link, store, database, warnings } = await openTab(best).catch(async (error: unknown) => {
    if (!best.database) throw error;
    // It may be readable the next time: nothing of it is touched.
    const memory = await openStore({ ...openOptions, storage: 'memory' });
    return openTab({ ...memory, warnings: [...best.warnings, { code: 'memory_only', detail: CANNOT_BE_READ }] });
  });
  const persistence = new DurablePersistenceService(tab, store.kind, warnings);
  const feed = new SharedFeed({ environment, link, baseUrl, headers: options.headers });
  // What is read from the server may be what it refused from here.
  const onMessages = (messages: readonly Record<string, unknown>[]) => messages.forEach((message) => tab.seen.hear(message));
  const cache = database ? new IndexedDbReadCache(database, environment, onMessages) : noReadCache(onMessages);
  feed.events.add((event) => event.event === 'message' && onMessages([event.data]));
  const { deviceId } = tab;
  const answers = await DurableAnswerKeeper.open({ module, store, link, environment, deviceId, settings, watch: (slot) => tab.leadership.watch(slot) });

  const lead = () => {
    feed.lead(true);
    void answers.lead();
  };
  tab.leadership.leads.add(lead);
  tab.leadership.follows.add(() => feed.lead(false));
  if (tab.isSender) lead();
  tab.leadership.freedSlots.add((slot) => void answers.adoptFrom(slot));
  tab.session.signOuts.add(() => {
    answers.forgetAll();
    cache.clear();
  });
  tab.writer.reports.add(() => {
    const metrics = persistence.getMetrics();
    options.onMetrics?.(metrics);
    if (tab.isSender) environment.track(metrics);
  });
  if (store.kind === 'durable') environment.keepStorage();
  // A network that comes back does so for many at once: each client draws its own moment. Whoever asks for it by hand is served at once.
  let stopWaiting = () => undefined as void;
  const stopAwake = environment.onAwake(() => {
    stopWaiting();
    const [draw] = environment.random(1);
    stopWaiting = environment.later(((draw ?? 0) / 255) * AWAKE_SPREAD_MS, () => {
      persistence.probeNow();
      answers.probeNow();
      feed.tryNow();
    });
  });
  return {
    persistence,
    answers,
    feed,
    cache,
    close: async () => {
      stopAwake();
      stopWaiting();
      feed.close();
      answers.close();
      await tab.close();
      link.close();
      store.close();
    },
  };
}

/** Tabs share what shares a database; without Web Locks (pages that are not secure) by leases in it. */
function tabLocks(environment: Environment, database: IndexedDbStore | null, name: string): TabLocks {
  if (!database) return new SingleTabLocks();
  if (environment.locks) return new WebTabLocks(environment.locks, `${name}/${database.installation}`);
  return new LeaseTabLocks(database, environment, newId(environment));
}
