import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb';
import type { LeaseStore } from '../tabs/leaseTabLocks.js';
import { Listeners } from '../listeners.js';
import type { StoreOperation } from '../engine/wire.js';
import { type DeviceStore, PACE_KEY, type RecordToSetAside, StorageRefused, type StoreContents, type StoredRecord } from './deviceStore.js';

/** The version of the stores below. A database of a newer version is left alone. */
export const DATABASE_VERSION = 1;

/** The store within the database that keeps what cannot be used. */
export const SET_ASIDE = 'set_aside';

export interface ManentDatabase extends DBSchema {
  items: { key: string; value: StoredRecord };
  others: { key: string; value: StoredRecord };
  answers: { key: string; value: StoredRecord };
  meta: { key: string; value: { key: string; value: string } };
  set_aside: { key: number; value: RecordToSetAside & { at: number } };
  cached_conversations: { key: string; value: { id: string; usedAt: number; conversation: Record<string, unknown> }; indexes: { usedAt: number } };
  cached_messages: { key: string; value: { conversationId: string; usedAt: number; messages: Record<string, unknown>[] }; indexes: { usedAt: number } };
}

type Database = IDBPDatabase<ManentDatabase>;

export interface IndexedDbOptions {
  name: string;
  /** Mints the installation's id, for a database that has none. */
  newInstallation(): string;
  now(): number;
}

/** A newer program made the database. */
export class NewerDatabase extends Error {
  constructor(name: string, options?: ErrorOptions) {
    super(`The database ${name} was made by a newer version.`, options);
    this.name = 'NewerDatabase';
  }
}

/**
 * The store in IndexedDB.
 *
 * Each transaction looks whether the database still is the one that was opened (`epoch`): a cleared one is a new one, even under the same
 * name, and everything has to be written again.
 */
export class IndexedDbStore implements DeviceStore, LeaseStore {
  readonly kind = 'durable';
  readonly installation: string;
  private readonly options: IndexedDbOptions;
  private database: Database | null = null;
  private opening: Promise<Database> | null = null;
  private epoch: string;
  private isClosed = false;
  /** Writes of this task, until it is over. */
  private readonly waiting: { operations: readonly StoreOperation[]; resolve(): void; reject(error: unknown): void }[] = [];
  private readonly lostListeners = new Listeners<void>();

  private constructor(options: IndexedDbOptions, database: Database, meta: Meta) {
    this.options = options;
    this.installation = meta.installation;
    this.epoch = meta.epoch;
    this.attach(database);
  }

  /** Rejects where there is no IndexedDB that works, and with {@link NewerDatabase}. */
  static async open(options: IndexedDbOptions): Promise<IndexedDbStore> {
    const database = await openDatabase(options.name);
    const installation = options.newInstallation();
    const meta = await readOrMakeMeta(database, installation, options.newInstallation());
    const store = new IndexedDbStore(options, database, meta);
    return store;
  }

  async read(): Promise<StoreContents> {
    return this.run('readonly', ['items', 'others'], async (transaction) => {
      const [items, others] = await Promise.all([transaction.objectStore('items').getAll(), transaction.objectStore('others').getAll()]);
      return { items: items.map(readable), others: others.map(readable) };
    });
  }

  async itemKeys(): Promise<string[]> {
    return this.run('readonly', ['items'], (transaction) => transaction.objectStore('items').getAllKeys());
  }

  async readItems(keys: readonly string[], alsoNeeded: (records: readonly StoredRecord[]) => readonly string[]): Promise<StoredRecord[]> {
    return this.run('readonly', ['items'], async (transaction) => {
      const store = transaction.objectStore('items');
      const found = new Map<string, StoredRecord>();
      for (let wanted = keys; ; ) {
        const records = await Promise.all(wanted.filter((key) => !found.has(key)).map((key) => store.get(key)));
        const there = records.filter((record) => record !== undefined).map(readable);
        for (const record of there) found.set(record.key, record);
        if (there.length === 0) return [...found.values()];
        wanted = alsoNeeded([...found.values()]);
      }
    });
  }

  write(operations: readonly StoreOperation[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ operations, resolve, reject });
      if (this.waiting.length === 1) void this.writeWaiting();
    });
  }

  /**
   * Writes what one step of the page asks for, in one transaction: a key press has a message stored and lets go of an answer that is no longer
   * asked for, and two commits one after the other take twice the time. It begins at once, before what draws the page.
   */
  private async writeWaiting(): Promise<void> {
    await undefined;
    const writes = this.waiting.splice(0);
    const operations = writes.flatMap((write) => write.operations);
    try {
      await this.transact('readwrite', ['items', 'others', 'answers'], async (transaction) => {
        const done: Promise<unknown>[] = [this.check(transaction)];
        // One that is refused at once ends all of this; what becomes of the others is told by the transaction.
        try {
          for (const operation of operations) done.push(follow(operation, transaction));
        } finally {
          for (const each of done) each.catch(() => undefined);
        }
        // Without waiting for this thread, which draws meanwhile. Where the check fails, all of it is written again.
        transaction.commit();
        await Promise.all(done);
      });
      for (const { resolve } of writes) resolve();
    } catch (error) {
      for (const { reject } of writes) reject(error);
    }
  }

  async setAside(records: readonly RecordToSetAside[]): Promise<string> {
    await this.run('readwrite', [SET_ASIDE, 'items', 'others', 'answers'], async (transaction) => {
      const at = this.options.now();
      await Promise.all(
        records.map(async (record) => {
          const asItIs = await transaction.objectStore(record.from).get(record.key);
          await transaction.objectStore(SET_ASIDE).add({ ...record, ...asItIs, at });
          await transaction.objectStore(record.from).delete(record.key);
        }),
      );
    });
    return `${this.options.name}/${SET_ASIDE}`;
  }

  async readAnswers(): Promise<StoredRecord[]> {
    const records = await this.run('readonly', ['answers'], (transaction) => transaction.objectStore('answers').getAll());
    return records.map(readable);
  }

  async takeLease(name: string, owner: string, now: number, until: number): Promise<boolean> {
    return this.run('readwrite', ['meta'], async (transaction) => {
      const meta = transaction.objectStore('meta');
      const known = await meta.get(leaseKey(name));
      const [holder, end] = known ? (JSON.parse(known.value) as [string, number]) : [owner, 0];
      // A clock that was set back must not make a lease last longer than it ever could.
      const isHeld = holder !== owner && now < end && end - now <= until - now;
      if (!isHeld) await meta.put({ key: leaseKey(name), value: JSON.stringify([owner, until]) });
      return !isHeld;
    });
  }

  async dropLease(name: string, owner: string): Promise<void> {
    await this.run('readwrite', ['meta'], async (transaction) => {
      const meta = transaction.objectStore('meta');
      const known = await meta.get(leaseKey(name));
      if (known && (JSON.parse(known.value) as [string, number])[0] === owner) await meta.delete(leaseKey(name));
    });
  }

  onLost(listener: () => void): void {
    this.lostListeners.add(listener);
  }

  close(): void {
    this.isClosed = true;
    this.database?.close();
    this.database = null;
  }

  /** The database itself, for those who keep other things in it; open, and known to be the same as before. */
  async connection(): Promise<Database> {
    if (this.isClosed) throw new StorageRefused(new Error('closed'));
    if (this.database) return this.database;
    this.opening ??= this.reopen().finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  /** Whether the database still is the one that was opened. */
  private async check(transaction: Transaction<IDBTransactionMode>): Promise<void> {
    const epoch = await transaction.objectStore('meta').get('epoch');
    if (epoch?.value !== this.epoch) throw new Vanished();
  }

  /** Runs one transaction in the database that was opened; a connection that went away meanwhile is opened again, once. */
  private async run<T, Mode extends 'readonly' | 'readwrite'>(
    mode: Mode,
    stores: StoreName[],
    work: (transaction: Transaction<Mode>) => Promise<T>,
  ): Promise<T> {
    return this.transact(mode, stores, async (transaction) => {
      await this.check(transaction);
      return work(transaction);
    });
  }

  private async transact<T, Mode extends 'readonly' | 'readwrite'>(
    mode: Mode,
    stores: StoreName[],
    work: (transaction: Transaction<Mode>) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      let database: Database | null = null;
      try {
        database = this.database ?? (await this.connection());
        const transaction: Transaction<Mode> = database.transaction([...new Set<StoreName>([...stores, 'meta'])], mode, { durability: 'strict' });
        // Whoever awaits something else first would let the transaction end.
        transaction.done.catch(() => undefined);
        try {
          const result = await work(transaction);
          await transaction.done;
          return result;
        } catch (error) {
          abortQuietly(transaction);
          throw error;
        }
      } catch (error) {
        const isGone = error instanceof Vanished || isDisconnection(error);
        if (!isGone || attempt > 0 || this.isClosed) throw new StorageRefused(error);
        if (database && this.database === database) this.detach();
      }
    }
  }

  private async reopen(): Promise<Database> {
    const database = await openDatabase(this.options.name);
    // The ids of this installation stay what they were, so that lanes go on.
    const meta = await readOrMakeMeta(database, this.installation, this.options.newInstallation());
    const isAnother = meta.epoch !== this.epoch;
    this.epoch = meta.epoch;
    this.attach(database);
    if (isAnother) this.lostListeners.tell();
    return database;
  }

  private attach(database: Database): void {
    this.database = database;
    // The browser closed it: site data cleared, or the disk in trouble. It is opened again when it is needed, and at once to see what is left.
    database.addEventListener('close', () => {
      if (this.database !== database) return;
      this.database = null;
      if (!this.isClosed) this.connection().catch(() => undefined);
    });
    // Somebody deletes the database, or a newer program wants to change it: let it, and see what is left.
    database.addEventListener('versionchange', () => {
      if (this.database === database) this.detach();
      if (!this.isClosed) this.connection().catch(() => undefined);
    });
  }

  private detach(): void {
    this.database?.close();
    this.database = null;
  }
}

function follow(operation: StoreOperation, transaction: Transaction<'readwrite'>): Promise<unknown> {
  const items = transaction.objectStore('items');
  const others = transaction.objectStore('others');
  const answers = transaction.objectStore('answers');
  switch (operation.do) {
    case 'putItem':
      return items.put({ key: operation.key, record: operation.record });
    case 'deleteItem':
      return items.delete(operation.key);
    case 'putLane':
      return others.put({ key: operation.key, record: operation.record });
    case 'putPace':
      return others.put({ key: PACE_KEY, record: operation.record });
    case 'putAnswer':
      return answers.put({ key: operation.key, record: operation.record });
    case 'deleteAnswer':
      return answers.delete(operation.key);
    case 'clear':
      return Promise.all([items.clear(), others.clear(), answers.clear()]);
  }
}

const leaseKey = (name: string): string => `lease/${name}`;

type StoreName = 'items' | 'others' | 'answers' | 'meta' | typeof SET_ASIDE;
type Transaction<Mode extends IDBTransactionMode> = import('idb').IDBPTransaction<ManentDatabase, StoreName[], Mode>;

interface Meta {
  installation: string;
  epoch: string;
}

/** The database is not the one that was opened. */
class Vanished extends Error {}

async function openDatabase(name: string): Promise<Database> {
  try {
    return await openDB<ManentDatabase>(name, DATABASE_VERSION, {
      upgrade(database) {
        for (const store of ['items', 'others', 'answers', 'meta'] as const) database.createObjectStore(store, { keyPath: 'key' });
        database.createObjectStore(SET_ASIDE, { autoIncrement: true });
        database.createObjectStore('cached_conversations', { keyPath: 'id' }).createIndex('usedAt', 'usedAt');
        database.createObjectStore('cached_messages', { keyPath: 'conversationId' }).createIndex('usedAt', 'usedAt');
      },
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'VersionError') throw new NewerDatabase(name, { cause: error });
    throw error;
  }
}

/** What the database says of itself; for a new one, what is given. Several tabs may do this at the same time: the first one's words stand. */
async function readOrMakeMeta(database: Database, installation: string, epoch: string): Promise<Meta> {
  const transaction = database.transaction('meta', 'readwrite', { durability: 'strict' });
  const [knownInstallation, knownEpoch] = await Promise.all([transaction.store.get('installation'), transaction.store.get('epoch')]);
  const meta: Meta = { installation, epoch };
  if (INSTALLATION.test(String(knownInstallation?.value ?? ''))) meta.installation = String(knownInstallation?.value);
  else await transaction.store.put({ key: 'installation', value: installation });
  if (typeof knownEpoch?.value === 'string') meta.epoch = knownEpoch.value;
  else await transaction.store.put({ key: 'epoch', value: epoch });
  await transaction.done;
  return meta;
}

/** A part of device ids: with a slot behind it still one. */
const INSTALLATION = /^[\w.:-]{1,48}$/;

/** A record whose text is none is one that cannot be read, as whoever reads texts will find. */
const readable = (stored: StoredRecord): StoredRecord => (typeof stored.record === 'string' ? stored : { ...stored, record: '' });

function isDisconnection(error: unknown): boolean {
  return error instanceof DOMException && ['InvalidStateError', 'AbortError', 'NotFoundError', 'UnknownError'].includes(error.name);
}

function abortQuietly(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // It ended already.
  }
}

/** Removes a database; for tests and for signing out everywhere. */
export const deleteDatabase = (name: string): Promise<void> => deleteDB(name);
