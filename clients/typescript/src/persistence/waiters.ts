import type { SaveState } from '../types.js';

interface Waiter {
  isDone(state: SaveState): boolean;
  resolve(): void;
  reject(error: Error): void;
}

/** Promises that wait for an item to stand somewhere. */
export class Waiters {
  private readonly waiters = new Map<string, Waiter[]>();

  /** Resolves at the next state of the item for which `isDone` holds; rejects when the engine refuses. */
  wait(id: string, isDone: (state: SaveState) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.waiters.get(id) ?? [];
      waiting.push({ isDone, resolve, reject });
      this.waiters.set(id, waiting);
    });
  }

  moved(id: string, state: SaveState): void {
    const waiting = this.waiters.get(id);
    if (!waiting) return;
    const left = waiting.filter((waiter) => !waiter.isDone(state));
    for (const waiter of waiting) if (!left.includes(waiter)) waiter.resolve();
    if (left.length > 0) this.waiters.set(id, left);
    else this.waiters.delete(id);
  }

  /** The engine refuses the newest command about the item. */
  refused(id: string, error: Error): void {
    const waiting = this.waiters.get(id);
    const newest = waiting?.pop();
    if (waiting?.length === 0) this.waiters.delete(id);
    newest?.reject(error);
  }

  rejectAll(error: Error): void {
    for (const waiting of this.waiters.values()) for (const waiter of waiting) waiter.reject(error);
    this.waiters.clear();
  }
}
