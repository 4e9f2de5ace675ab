/** A browser profile for tests: several tabs with their locks and channels, one clock that only the test moves. */

import { readFileSync } from 'node:fs';
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { openClient } from '../client.js';
import { openDB } from 'idb';
import { DATABASE_VERSION, deleteDatabase } from '../store/indexedDbStore.js';
import type { Environment } from '../environment.js';
import type { ClientOptions, ManentClient, PersistenceMetrics } from '../types.js';
import { FakeServer } from './fakeServer.js';

const WASM = readFileSync(new URL('../wasm/manent_engine_bg.wasm', import.meta.url));

/** So many turns of the event loop are enough for whatever is under way without a timer. */
const TURNS = 40;

interface Timer {
  at: number;
  run(): void;
}

interface WaitingLock {
  options: LockOptions;
  callback: (lock: Lock | null) => unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  tab: FakeTab;
}

export interface FakeTab {
  environment: Environment;
  tracked: PersistenceMetrics[];
  /** The tab dies: nothing of it runs any more. */
  kill(): void;
  /** The browser lets no timer of the tab run, until the answer is called. */
  sleep(): () => void;
  awake(): void;
  leave(): void;
}

export class FakeBrowser {
  readonly server = new FakeServer();
  now = 1_700_000_000_000;
  isOffline = false;
  /** Whether the page is a secure one, which has Web Locks. */
  isSecure = true;
  private timers: Timer[] = [];
  private readonly channels = new Map<string, Set<FakeChannel>>();
  private readonly held = new Map<string, FakeTab>();
  private waiting = new Map<string, WaitingLock[]>();
  private random = 1;

  constructor() {
    this.clearStorage();
  }

  /** A new profile. */
  private clearStorage(): void {
    globalThis.indexedDB = new IDBFactory();
  }

  /** The person clears the site's data while tabs are open: the browser closes their connections and the data is gone. */
  async loseStorage(): Promise<void> {
    const databases = await indexedDB.databases();
    await Promise.all(databases.map(({ name }) => deleteDatabase(name!)));
    await this.settle();
  }

  /** What a store of the client's database holds. */
  async recordsOf(store: string): Promise<unknown[]> {
    const database = await openDB('manent');
    const records = await database.getAll(store);
    database.close();
    return records;
  }

  /** Damages the records of a store. */
  async changeRecords(store: string, change: (record: string) => string): Promise<void> {
    const database = await openDB('manent');
    for (const known of (await database.getAll(store)) as { key: string; record: string }[]) await database.put(store, { ...known, record: change(known.record) });
    database.close();
  }

  /** The database as a program of the future would have left it. */
  async makeNewerDatabase(): Promise<void> {
    const database = await openDB('manent', DATABASE_VERSION + 1, {
      upgrade: (upgraded) => void upgraded.createObjectStore('items', { keyPath: 'key' }).put({ key: 'of the future' }),
    });
    database.close();
  }

  /** The device is full; the answer makes room. */
  refuseWrites(): () => void {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    return () => {
      IDBObjectStore.prototype.put = put;
    };
  }

  /** The stores of that name are there and cannot be read; the answer mends them. */
  refuseReads(...names: string[]): () => void {
    const getAll = IDBObjectStore.prototype.getAll;
    IDBObjectStore.prototype.getAll = function (...given) {
      if (names.includes(this.name)) throw new DOMException('Internal error retrieving the value.', 'UnknownError');
      return getAll.apply(this, given);
    };
    return () => {
      IDBObjectStore.prototype.getAll = getAll;
    };
  }

  /** A channel in the hands of another script of the same origin. */
  channel(name: string): BroadcastChannel {
    const all = this.channels.get(name) ?? new Set();
    this.channels.set(name, all);
    return new FakeChannel(all) as unknown as BroadcastChannel;
  }

  async open(options: ClientOptions = {}, change: Partial<Environment> = {}): Promise<{ client: ManentClient; tab: FakeTab }> {
    const tab = this.newTab();
    const client = await openClient({ wasm: WASM, ...options }, { ...tab.environment, ...change });
    await this.settle();
    return { client, tab };
  }

  /** Lets everything run that waits for no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets time pass, one timer after the other. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    for (;;) {
      await this.settle();
      const next = this.timers.filter((timer) => timer.at <= end).sort((one, other) => one.at - other.at)[0];
      if (!next) break;
      this.timers.splice(this.timers.indexOf(next), 1);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
    await this.settle();
  }

  newTab(): FakeTab {
    let isAlive = true;
    let missed: (() => void)[] | null = null;
    const awake = new Set<() => void>();
    const leave = new Set<() => void>();
    const channels = new Set<FakeChannel>();
    const tracked: PersistenceMetrics[] = [];
    const never = new Promise<never>(() => undefined);
    const tab: FakeTab = {
      tracked,
      environment: {
        now: () => this.now,
        later: (milliseconds, run) => {
          const timer = { at: this.now + Math.max(0, milliseconds), run: () => isAlive && (missed ? void missed.push(run) : run()) };
          this.timers.push(timer);
          return () => {
            this.timers = this.timers.filter((other) => other !== timer);
          };
        },
        fetch: async (url, init) => {
          if (!isAlive) return never;
          if (this.isOffline) throw new TypeError('no network');
          try {
            const response = await this.server.fetch(url as string, init);
            return isAlive ? response : never;
          } catch (error) {
            if (!isAlive) return never;
            throw error;
          }
        },
        random: (bytes) => Uint8Array.from({ length: bytes }, () => this.nextRandom()),
        isOffline: () => this.isOffline,
        locks: this.isSecure ? this.locksOf(() => tab, () => isAlive) : null,
        openChannel: (name) => {
          const all = this.channels.get(name) ?? new Set();
          this.channels.set(name, all);
          const channel = new FakeChannel(all);
          channels.add(channel);
          return channel as unknown as BroadcastChannel;
        },
        onAwake: (listener) => {
          awake.add(listener);
          return () => awake.delete(listener);
        },
        onLeave: (listener) => {
          leave.add(listener);
          return () => leave.delete(listener);
        },
        keepStorage: () => undefined,
        track: (metrics) => tracked.push(metrics),
      },
      kill: () => {
        isAlive = false;
        for (const channel of channels) channel.close();
        for (const [name, waiting] of this.waiting) this.waiting.set(name, waiting.filter((other) => other.tab !== tab));
        for (const [name, holder] of this.held) if (holder === tab) this.letGo(name);
      },
      sleep: () => {
        missed = [];
        return () => {
          const late = missed ?? [];
          missed = null;
          for (const run of late) run();
        };
      },
      awake: () => {
        for (const listener of awake) listener();
      },
      leave: () => {
        for (const listener of leave) listener();
      },
    };
    return tab;
  }

  private nextRandom(): number {
    // A linear congruential generator: the same numbers in every run.
    this.random = (Math.imul(this.random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.random >>> 24;
  }

  private locksOf(tab: () => FakeTab, isAlive: () => boolean): LockManager {
    const request = (name: string, second: LockOptions | LockGrantedCallback<unknown>, third?: LockGrantedCallback<unknown>): Promise<unknown> => {
      const options = typeof second === 'function' ? {} : second;
      const callback = (typeof second === 'function' ? second : third) as WaitingLock['callback'];
      return new Promise((resolve, reject) => {
        if (!isAlive()) return;
        const wanted = { options, callback, resolve, reject, tab: tab() };
        const queue = this.waiting.get(name) ?? [];
        this.waiting.set(name, queue);
        if (options.ifAvailable && (this.held.has(name) || queue.length > 0)) return resolve(callback(null));
        queue.push(wanted);
        options.signal?.addEventListener('abort', () => {
          const now = this.waiting.get(name) ?? [];
          if (!now.includes(wanted)) return;
          this.waiting.set(name, now.filter((other) => other !== wanted));
          reject(new DOMException('aborted', 'AbortError'));
        });
        this.grant(name);
      });
    };
    return { request, query: async () => ({ held: [], pending: [] }) } as unknown as LockManager;
  }

  private grant(name: string): void {
    if (this.held.has(name)) return;
    const next = this.waiting.get(name)?.shift();
    if (!next) return;
    this.held.set(name, next.tab);
    queueMicrotask(() => {
      Promise.resolve(next.callback({ name, mode: 'exclusive' })).then(
        (value) => {
          next.resolve(value);
          if (this.held.get(name) === next.tab) this.letGo(name);
        },
        (error: unknown) => {
          next.reject(error);
          if (this.held.get(name) === next.tab) this.letGo(name);
        },
      );
    });
  }

  private letGo(name: string): void {
    this.held.delete(name);
    this.grant(name);
  }
}

class FakeChannel {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  private readonly all: Set<FakeChannel>;

  constructor(all: Set<FakeChannel>) {
    this.all = all;
    all.add(this);
  }

  postMessage(data: unknown): void {
    if (!this.all.has(this)) return;
    const copy = structuredClone(data);
    for (const other of this.all) {
      if (other !== this) setImmediate(() => this.all.has(other) && other.onmessage?.({ data: copy }));
    }
  }

  close(): void {
    this.all.delete(this);
  }
}
