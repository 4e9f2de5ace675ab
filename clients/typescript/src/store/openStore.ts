import type { StorageWarning } from '../types.js';
import type { DeviceStore } from './deviceStore.js';
import { DATABASE_VERSION, IndexedDbStore, NewerDatabase } from './indexedDbStore.js';
import { MemoryStore } from './memoryStore.js';

export interface OpenOptions {
  name: string;
  storage: 'auto' | 'memory';
  newId(): string;
  now(): number;
}

export interface OpenedStore {
  store: DeviceStore;
  /** The same store, where it is a database. */
  database: IndexedDbStore | null;
  /** What a person should know, if anything. */
  warnings: StorageWarning[];
}

/** The best store that this device gives, and what is to be said about it. Never rejects. */
export async function openStore(options: OpenOptions): Promise<OpenedStore> {
  const warnings: StorageWarning[] = [];
  if (options.storage === 'memory') return inMemory(options, warnings);
  try {
    return opened(await openNamed(options, options.name), warnings);
  } catch (error) {
    if (!(error instanceof NewerDatabase)) return inMemory(options, warnings);
  }
  const other = `${options.name}-v${DATABASE_VERSION}`;
  try {
    const store = await openNamed(options, other);
    const detail = `A newer version of this page keeps messages in the database "${options.name}". They stay there, untouched, and are sent by that version. This page uses "${other}".`;
    warnings.push({ code: 'set_aside', detail, name: options.name, records: await countItems(options.name) });
    return opened(store, warnings);
  } catch {
    return inMemory(options, warnings);
  }
}

function openNamed(options: OpenOptions, name: string): Promise<IndexedDbStore> {
  return IndexedDbStore.open({ name, newInstallation: options.newId, now: options.now });
}

function opened(database: IndexedDbStore, warnings: StorageWarning[]): OpenedStore {
  return { store: database, database, warnings };
}

function inMemory(options: OpenOptions, warnings: StorageWarning[]): OpenedStore {
  const detail = 'This browser gives no durable storage here: what is not saved is lost when this tab is closed.';
  return { store: new MemoryStore(options.newId()), database: null, warnings: [...warnings, { code: 'memory_only', detail }] };
}

/** How many items a database of another version holds, as far as that can be told. */
function countItems(name: string): Promise<number> {
  return new Promise((resolve) => {
    const request = indexedDB.open(name);
    request.onerror = () => resolve(0);
    request.onsuccess = () => {
      const database = request.result;
      const finish = (count: number) => {
        database.close();
        resolve(count);
      };
      if (!database.objectStoreNames.contains('items')) return finish(0);
      const count = database.transaction('items').objectStore('items').count();
      count.onsuccess = () => finish(count.result);
      count.onerror = () => finish(0);
    };
  });
}
