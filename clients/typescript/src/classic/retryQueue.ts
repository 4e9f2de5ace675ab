import { browserEnvironment, type Environment } from '../environment.js';
import type { ClientOptions } from '../types.js';
import { CircuitBreaker } from './circuitBreaker.js';

export interface RetryQueueOptions<T> {
  /** So many failures in a row open the breaker; 3 by default. Nothing is dropped for having been tried often. */
  maxRetries?: number;
  /** The first pause's upper bound in milliseconds; it doubles with each failure, up to 30 s. 1,000 by default. */
  backoffMs?: number;
  /** Whether trying again is of no use; none are by default. Such an item leaves the queue for `onFailed`. */
  isPermanent?: (error: unknown) => boolean;
  onFailed?: (item: T, error: unknown) => void;
  wasm?: ClientOptions['wasm'];
}

const LONGEST_PAUSE_MS = 30_000;

/**
 * Processes items one after the other, in order, each until it succeeds, with growing, jittered pauses and a circuit breaker.
 *
 * It lives in memory: for messages that must survive the tab there is `createClient().persistence`.
 */
export class RetryQueue<T> {
  private readonly processor: (item: T) => Promise<unknown>;
  private readonly options: RetryQueueOptions<T>;
  private readonly environment: Environment;
  private readonly breaker: CircuitBreaker;
  private readonly items: T[] = [];
  private processing: Promise<void> | null = null;

  constructor(processor: (item: T) => Promise<unknown>, options: RetryQueueOptions<T> = {}, environment: Environment = browserEnvironment()) {
    this.processor = processor;
    this.options = options;
    this.environment = environment;
    const { maxRetries: threshold = 3, wasm, isPermanent } = options;
    this.breaker = new CircuitBreaker({ threshold, wasm, isFailure: (error) => !isPermanent?.(error) }, environment);
  }

  /** How many items are not processed yet. */
  get size(): number {
    return this.items.length;
  }

  /** Puts an item at the end, and begins to process. */
  enqueue(item: T): void {
    this.items.push(item);
    void this.processQueue();
  }

  /** Resolves when the queue is empty. */
  processQueue(): Promise<void> {
    this.processing ??= this.process().finally(() => {
      this.processing = null;
    });
    return this.processing;
  }

  private async process(): Promise<void> {
    let failures = 0;
    while (this.items.length > 0) {
      const item = this.items[0]!;
      try {
        await this.breaker.execute(() => this.processor(item));
      } catch (error) {
        if (!this.options.isPermanent?.(error)) {
          failures += 1;
          await this.pause(failures);
          continue;
        }
        this.options.onFailed?.(item, error);
      }
      failures = 0;
      this.items.shift();
    }
  }

  /** Full jitter: anything up to a bound that doubles. */
  private pause(failures: number): Promise<void> {
    const bound = Math.min(LONGEST_PAUSE_MS, (this.options.backoffMs ?? 1_000) * 2 ** Math.min(failures - 1, 16));
    const [high = 0, low = 0] = this.environment.random(2);
    return new Promise((resolve) => this.environment.later((bound * (high * 256 + low)) / 65_535, resolve));
  }
}
