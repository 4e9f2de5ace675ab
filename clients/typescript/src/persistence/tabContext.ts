import type { EngineModule } from '../engine/load.js';
import type { Environment } from '../environment.js';
import type { DeviceStore } from '../store/deviceStore.js';
import type { TabLink } from '../tabs/tabLink.js';
import type { TabLocks } from '../tabs/tabLocks.js';
import type { StorageWarning } from '../types.js';
import type { BoardWriter } from './boardWriter.js';
import type { EngineDriver } from './engineDriver.js';
import type { EngineReader } from './engineReader.js';
import type { Transport } from './transport.js';
import type { Waiters } from './waiters.js';

export interface OutboxTabDependencies {
  module: EngineModule;
  store: DeviceStore;
  locks: TabLocks;
  link: TabLink;
  transport: Transport;
  environment: Environment;
  settings: { maxRetries?: number; backoffMs?: number; maxItems?: number };
}

/** What the parts of one tab's outbox share. */
export interface TabContext extends OutboxTabDependencies {
  driver: EngineDriver;
  engine: EngineReader;
  writer: BoardWriter;
  waiters: Waiters;
  /** Items that this tab's engine holds although another tab is the sender, or none is. */
  own: Set<string>;
  isSender: boolean;
  isClosed: boolean;
  /** Whether the device refuses writes, and this tab's memory holds what is to be written. */
  isHolding(): boolean;
  /** Which of the device's tabs this one is. */
  slot: number;
  warn(warning: StorageWarning): void;
}

/** Under which a tab's items are numbered. */
export const deviceIdOf = ({ store, slot }: TabContext): string => `${store.installation}-${slot}`;

/** How long to wait before the store is read again after it refused, in milliseconds. */
export const READ_AGAIN_MS = 1_000;
