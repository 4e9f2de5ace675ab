import type { ApiClient } from '../api/client';
import type { Store } from '../state/store';

/** The pauses between tries while the server is away, in milliseconds; the last one repeats. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * Knows whether the server answers. It learns it from every call that anybody makes; while the server is away it asks
 * again and again, and sooner when the browser comes online or the page is looked at.
 */
export class ConnectivityService {
  private readonly api: ApiClient;
  private readonly store: Store;
  private readonly onBack: () => void;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `onBack` is called each time the server answers again after it was away. */
  constructor(api: ApiClient, store: Store, onBack: () => void) {
    this.api = api;
    this.store = store;
    this.onBack = onBack;
    api.onReachability((reachable) => (reachable ? this.here() : this.away()));
  }

  install(target: Window): void {
    const probe = () => {
      if (!this.store.getState().connectivity.reachable && target.document.visibilityState === 'visible') void this.tryNow();
    };
    target.addEventListener('online', probe);
    target.addEventListener('focus', probe);
    target.document.addEventListener('visibilitychange', probe);
  }

  async tryNow(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.store.setState({ connectivity: { reachable: false, nextTryAt: null } });
    await this.api.health(AbortSignal.timeout(5_000)).catch(() => this.away());
  }

  private here(): void {
    this.failures = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.store.getState().connectivity.reachable) return;
    this.store.setState({ connectivity: { reachable: true, nextTryAt: null } });
    this.onBack();
  }

  private away(): void {
    if (this.timer !== undefined) return;
    const pause = PAUSES_MS[Math.min(this.failures, PAUSES_MS.length - 1)]!;
    this.failures += 1;
    this.store.setState({ connectivity: { reachable: false, nextTryAt: Date.now() + pause } });
    this.timer = setTimeout(() => void this.tryNow(), pause);
  }
}
