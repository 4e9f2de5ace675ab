import type { PersistenceMetrics } from './types.js';

/** Everything that the client takes from its surroundings; tests put their own in place. */
export interface Environment {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls once, later; the answer stops that. */
  later(milliseconds: number, run: () => void): () => void;
  fetch: typeof fetch;
  /** So many random bytes. */
  random(bytes: number): Uint8Array;
  /** Whether the browser knows that there is no network. */
  isOffline(): boolean;
  locks: LockManager | null;
  openChannel(name: string): BroadcastChannel | null;
  /** Calls when something suggests that the network is back or that somebody looks: try now. */
  onAwake(listener: () => void): () => void;
  /** Calls when the page is being left. */
  onLeave(listener: () => void): () => void;
  /** Asks the browser not to clear this device's storage by itself. */
  keepStorage(): void;
  /** Where the page has an analytics object, it hears of the metrics. */
  track(metrics: PersistenceMetrics): void;
}

/** The longest time that a browser's timer can wait. */
const LONGEST_TIMER_MS = 0x7fff_ffff;

interface AnalyticsWindow {
  analytics?: { track?: (event: string, properties: PersistenceMetrics) => void };
}

export const randomBytes = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));

/** The real surroundings: a browser's, or as much of one as there is. */
export function browserEnvironment(fetchImplementation?: typeof fetch): Environment {
  return {
    now: () => Date.now(),
    later: (milliseconds, run) => {
      const timer = setTimeout(run, Math.min(Math.max(0, milliseconds), LONGEST_TIMER_MS));
      return () => clearTimeout(timer);
    },
    fetch: fetchImplementation ?? ((input, init) => fetch(input, init)),
    random: randomBytes,
    isOffline: () => typeof navigator !== 'undefined' && navigator.onLine === false,
    locks: typeof navigator === 'undefined' ? null : (navigator.locks ?? null),
    openChannel: (name) => (typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name)),
    onAwake: (listener) => {
      if (typeof window === 'undefined') return () => undefined;
      const whenVisible = () => {
        if (document.visibilityState === 'visible') listener();
      };
      window.addEventListener('online', listener);
      window.addEventListener('focus', listener);
      document.addEventListener('visibilitychange', whenVisible);
      return () => {
        window.removeEventListener('online', listener);
        window.removeEventListener('focus', listener);
        document.removeEventListener('visibilitychange', whenVisible);
      };
    },
    onLeave: (listener) => {
      if (typeof window === 'undefined') return () => undefined;
      window.addEventListener('pagehide', listener);
      return () => window.removeEventListener('pagehide', listener);
    },
    keepStorage: () => {
      if (typeof navigator !== 'undefined') navigator.storage?.persist?.().catch(() => undefined);
    },
    track: (metrics) => {
      if (typeof window !== 'undefined') (window as AnalyticsWindow).analytics?.track?.('persistence_metrics', metrics);
    },
  };
}
