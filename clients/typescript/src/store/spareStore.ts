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

  close(): void {
    this.isClosed = true;
    this.stopTimer();
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
    this.options.onHolding(true);
    this.pauseMs = FIRST_PAUSE_MS;
    this.tryLater();
  }

  private tryLater(): void {
    if (this.isClosed) return;
    this.stopTimer = this.options.environment.later(this.pauseMs, () => void this.tryAgain());
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  private async tryAgain(): Promise<void> {
    const writing = [...this.held];
    try {
      await this.options.store.write(writing.map(([, operation]) => operation));
      // What was written anew meanwhile is still to be kept.
      for (const [record, operation] of writing) if (this.held.get(record) === operation) this.held.delete(record);
      this.pauseMs = FIRST_PAUSE_MS;
    } catch {
      // It still refuses.
    }
    if (this.isHolding) this.tryLater();
    else if (!this.isClosed) this.options.onHolding(false);
  }
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
