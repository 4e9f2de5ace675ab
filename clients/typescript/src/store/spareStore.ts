import type { Environment } from '../environment.js';
import type { StoreOperation } from '../engine/wire.js';
import type { DeviceStore } from './deviceStore.js';

/** How long to wait before the device is asked again, in milliseconds: at first and at most. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

interface SpareStoreOptions {
  store: Pick<DeviceStore, 'write'>;
  environment: Environment;
  /** Whether this tab may answer for what the device refuses; where not, the refusal is passed on. */
  mayHold(): boolean;
  /** Told when this tab begins to hold what the device refuses, and when the device has all of it. */
  onHolding(isHolding: boolean): void;
}

/**
 * The device's store, with this tab's memory in its place while it refuses: a full device keeps nobody from sending. The device gets
 * everything as soon as it takes writes again, the newest form of each record, and nothing of it is thrown away before.
 */
export class SpareStore {
  private readonly options: SpareStoreOptions;
  /** What the device does not have yet: the last operation on each record, in their order. */
  private readonly held = new Map<string, StoreOperation>();
  private pauseMs = FIRST_PAUSE_MS;
  private stopTimer: () => void = () => undefined;
  private isClosed = false;
  /** Whether it was told that this tab holds something. */
  private isTold = false;

  constructor(options: SpareStoreOptions) {
    this.options = options;
  }

  get isHolding(): boolean {
    return this.held.size > 0;
  }

  async write(operations: readonly StoreOperation[]): Promise<void> {
    if (!this.isHolding) {
      try {
        return await this.options.store.write(operations);
      } catch (error) {
        if (!this.options.mayHold()) throw error;
      }
    }
    this.hold(operations);
  }

  /**
   * Another tab sends now: how far lanes got, and the pace, are its to write, and what is held of them is older than what it knows. Items and
   * answers stay held.
   */
  leaveToSender(): void {
    if (!this.isHolding) return;
    this.forgetSendersRecords();
    if (!this.isHolding) this.end();
  }

  close(): void {
    this.isClosed = true;
    this.stopTimer();
  }

  private forgetSendersRecords(): void {
    for (const [record, operation] of this.held) if (isSendersRecord(operation)) this.held.delete(record);
  }

  private hold(operations: readonly StoreOperation[]): void {
    const wasHolding = this.isHolding;
    for (const operation of operations) {
      if (operation.do === 'clear') this.held.clear();
      const record = recordOf(operation);
      this.held.delete(record);
      this.held.set(record, operation);
    }
    if (wasHolding || !this.isHolding) return;
    this.isTold = true;
    this.options.onHolding(true);
    this.pauseMs = FIRST_PAUSE_MS;
    this.tryLater();
  }

  private tryLater(): void {
    if (this.isClosed) return;
    this.stopTimer();
    this.stopTimer = this.options.environment.later(this.pauseMs, () => void this.tryAgain());
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  private async tryAgain(): Promise<void> {
    // A timer can ring before this tab is told that it slept and another one sends.
    if (!this.options.mayHold()) this.forgetSendersRecords();
    const writing = [...this.held];
    if (writing.length === 0) return this.end();
    try {
      await this.options.store.write(writing.map(([, operation]) => operation));
      // What was written anew meanwhile is still to be kept.
      for (const [record, operation] of writing) if (this.held.get(record) === operation) this.held.delete(record);
      this.pauseMs = FIRST_PAUSE_MS;
    } catch {
      // It still refuses.
    }
    if (this.isHolding) this.tryLater();
    else this.end();
  }

  /** Nothing is held any more. */
  private end(): void {
    this.stopTimer();
    if (this.isTold && !this.isClosed) this.options.onHolding(false);
    this.isTold = false;
  }
}

/** Whether an operation writes what only the sender may write: another tab may know an older state. */
export function isSendersRecord(operation: StoreOperation): boolean {
  return operation.do === 'putLane' || operation.do === 'putPace';
}

/** Which record an operation is about. */
function recordOf(operation: StoreOperation): string {
  switch (operation.do) {
    case 'putItem':
    case 'deleteItem':
      return `item ${operation.key}`;
    case 'putLane':
      return `lane ${operation.key}`;
    case 'putAnswer':
    case 'deleteAnswer':
      return `answer ${operation.key}`;
    case 'putPace':
    case 'clear':
      return operation.do;
  }
}
