import type { StoreOperation } from '../engine/wire.js';

/** A record of the store under its key; the text is opaque. */
export interface StoredRecord {
  key: string;
  record: string;
}

/** The key of the sender's pace among `others`; lanes have keys with a slash. */
export const PACE_KEY = 'pace';

/** What the store held when it was read. */
export interface StoreContents {
  items: StoredRecord[];
  /** How far each lane got, and the sender's pace. */
  others: StoredRecord[];
}

/** A record that cannot be used, with why. */
export interface RecordToSetAside extends StoredRecord {
  from: 'items' | 'others' | 'answers';
  reason: string;
}

/** The device's storage refused a transaction; nothing of it was written. */
export class StorageRefused extends Error {
  constructor(cause: unknown) {
    super('The device refused to store.', { cause });
    this.name = 'StorageRefused';
  }
}

/**
 * Where a device keeps what is not saved. The outbox has one owner for each item, and a record is written whole.
 *
 * A write is one transaction: all or nothing. The store can vanish under its user (site data cleared, disk replaced): the next write
 * then goes into a new, empty store after `onLost` was told, so that nobody takes for durable what went with the old one.
 */
export interface DeviceStore {
  readonly kind: 'durable' | 'memory';
  /** The part of device ids that is this installation's. Lives in the same place as the items, and goes with them. */
  readonly installation: string;
  read(): Promise<StoreContents>;
  itemKeys(): Promise<string[]>;
  /**
   * Those of the named items that are there, and those of the ones that `alsoNeeded` then asks for, until it asks for nothing that is there:
   * all as of one moment. It must answer at once.
   */
  readItems(keys: readonly string[], alsoNeeded: (records: readonly StoredRecord[]) => readonly string[]): Promise<StoredRecord[]>;
  /** Rejects with {@link StorageRefused}. */
  write(operations: readonly StoreOperation[]): Promise<void>;
  /** Moves records out of the way without changing them; answers the name under which they lie. */
  setAside(records: readonly RecordToSetAside[]): Promise<string>;
  readAnswers(): Promise<StoredRecord[]>;
  /** Told when everything that was written before may be gone. */
  onLost(listener: () => void): void;
  close(): void;
}
