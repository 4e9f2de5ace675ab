import type { StoreOperation } from '../engine/wire.js';
import { type DeviceStore, PACE_KEY, type RecordToSetAside, type StoreContents, type StoredRecord } from './deviceStore.js';

/** The store for where there is no other: it dies with its tab. */
export class MemoryStore implements DeviceStore {
  readonly kind = 'memory';
  readonly installation: string;
  private readonly items = new Map<string, StoredRecord>();
  private readonly others = new Map<string, StoredRecord>();
  private readonly answers = new Map<string, StoredRecord>();
  private readonly aside: RecordToSetAside[] = [];

  constructor(installation: string) {
    this.installation = installation;
  }

  async read(): Promise<StoreContents> {
    return { items: [...this.items.values()], others: [...this.others.values()] };
  }

  async itemKeys(): Promise<string[]> {
    return [...this.items.keys()];
  }

  async readItems(keys: readonly string[], alsoNeeded: (records: readonly StoredRecord[]) => readonly string[]): Promise<StoredRecord[]> {
    const found = new Map<string, StoredRecord>();
    for (let wanted = keys; ; ) {
      const fresh = wanted.filter((key) => !found.has(key)).map((key) => this.items.get(key));
      const there = fresh.filter((record) => record !== undefined);
      for (const record of there) found.set(record.key, record);
      if (there.length === 0) return [...found.values()];
      wanted = alsoNeeded([...found.values()]);
    }
  }

  async write(operations: readonly StoreOperation[]): Promise<void> {
    for (const operation of operations) {
      switch (operation.do) {
        case 'putItem':
          this.items.set(operation.key, { key: operation.key, record: operation.record });
          break;
        case 'deleteItem':
          this.items.delete(operation.key);
          break;
        case 'putLane':
          this.others.set(operation.key, { key: operation.key, record: operation.record });
          break;
        case 'putPace':
          this.others.set(PACE_KEY, { key: PACE_KEY, record: operation.record });
          break;
        case 'putAnswer':
          this.answers.set(operation.key, { key: operation.key, record: operation.record });
          break;
        case 'deleteAnswer':
          this.answers.delete(operation.key);
          break;
        case 'clear':
          this.items.clear();
          this.others.clear();
          this.answers.clear();
      }
    }
  }

  async setAside(records: readonly RecordToSetAside[]): Promise<string> {
    for (const record of records) {
      this.aside.push(record);
      this[record.from].delete(record.key);
    }
    return 'memory';
  }

  async readAnswers(): Promise<StoredRecord[]> {
    return [...this.answers.values()];
  }

  onLost(): void {
    // It cannot be lost before its tab is.
  }

  close(): void {
    // There is nothing to let go of.
  }
}
