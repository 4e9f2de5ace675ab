import { type EngineModule, loadEngine } from '../engine/load.js';
import { browserEnvironment, type Environment } from '../environment.js';
import { newSeed } from '../ids.js';
import type { ClientOptions } from '../types.js';

export interface CircuitBreakerOptions {
  /** So many failures in a row open it; 3 by default. */
  threshold?: number;
  /** How long it stays open at first, in milliseconds, before jitter; it doubles with each failed probe. 5,000 by default. */
  openMs?: number;
  /** How long at most; 60,000 by default. */
  openCapMs?: number;
  /** Whether an error is a failure of the other side; all are by default. An answer such as 404 says that it works. */
  isFailure?: (error: unknown) => boolean;
  wasm?: ClientOptions['wasm'];
}

type Permit = { permit: 'normal' | 'probe' } | { permit: 'denied'; until?: number };

/** How soon to ask again while a probe is under way, in milliseconds. */
const PROBE_PAUSE_MS = 250;

/**
 * Lets calls through while the other side works, and pauses them while it does not: after some failures in a row it opens, then lets exactly one probe
 * through, and closes when that one succeeds. It never refuses work; a paused call waits for its turn.
 */
export class CircuitBreaker {
  private readonly options: CircuitBreakerOptions;
  private readonly environment: Environment;
  private breaker: Promise<InstanceType<EngineModule['CircuitBreaker']>> | null = null;

  constructor(options: CircuitBreakerOptions = {}, environment: Environment = browserEnvironment()) {
    this.options = options;
    this.environment = environment;
  }

  /** Calls when it may; the error of a call that failed is passed on. Aborting the signal ends the waiting. */
  async execute<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const breaker = await this.load();
    for (;;) {
      signal?.throwIfAborted();
      const permit = JSON.parse(breaker.acquire(this.environment.now(), false)) as Permit;
      if (permit.permit !== 'denied') break;
      const pause = permit.until === undefined ? PROBE_PAUSE_MS : permit.until - this.environment.now();
      await this.wait(Math.max(1, pause), signal);
    }
    try {
      const result = await call();
      breaker.succeeded();
      return result;
    } catch (error) {
      if (signal?.aborted) breaker.abandoned();
      else if (this.options.isFailure?.(error) ?? true) breaker.failed(this.environment.now());
      else breaker.succeeded();
      throw error;
    }
  }

  /** Where it stands. */
  async state(): Promise<{ state: 'closed' | 'open' | 'half-open'; until?: number }> {
    return JSON.parse((await this.load()).state()) as { state: 'closed' | 'open' | 'half-open'; until?: number };
  }

  private load(): Promise<InstanceType<EngineModule['CircuitBreaker']>> {
    const { threshold = 3, openMs = 5_000, openCapMs = 60_000, wasm } = this.options;
    this.breaker ??= loadEngine(wasm).then((module) => new module.CircuitBreaker(threshold, openMs, openCapMs, newSeed(this.environment)));
    return this.breaker;
  }

  private wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = this.environment.later(milliseconds, resolve);
      signal?.addEventListener(
        'abort',
        () => {
          stop();
          reject(signal.reason as Error);
        },
        { once: true },
      );
    });
  }
}
