/**
 * How many answers one browser reads at the same time, over all its tabs. Browsers open six connections to one server; the feed holds one, and what is
 * sent and loaded needs some. An answer that is not read goes on all the same, and is read on when another one has ended.
 */
export const MOST_STREAMS = 3;

/** Gives a place back. */
export type Release = () => void;

export interface StreamPlaces {
  /** A place, if one is free. */
  tryTake(): Promise<Release | null>;
  /** Waits for a place. Rejects when the signal is aborted. */
  take(signal: AbortSignal): Promise<Release>;
}

/** Where a browser tells tabs nothing of each other, and for tests: everything goes. */
export const unlimitedPlaces: StreamPlaces = {
  tryTake: async () => () => undefined,
  take: async () => () => undefined,
};

/** By the browser's locks: a place of a tab that died is free at once. */
export class LockedPlaces implements StreamPlaces {
  private readonly locks: LockManager;

  constructor(locks: LockManager) {
    this.locks = locks;
  }

  async tryTake(): Promise<Release | null> {
    for (let place = 0; place < MOST_STREAMS; place += 1) {
      const release = await this.hold(place, { ifAvailable: true });
      if (release) return release;
    }
    return null;
  }

  async take(signal: AbortSignal): Promise<Release> {
    // One after the other, in the order in which they came; the first place that becomes free is taken.
    return this.locks.request('manent/stream/queue', { signal }, async () => {
      const enough = new AbortController();
      const held = Array.from({ length: MOST_STREAMS }, (_, place) => this.hold(place, { signal: AbortSignal.any([signal, enough.signal]) }));
      try {
        const first = await Promise.any(held.map(async (holding, place) => ({ release: (await holding)!, place })));
        for (const [place, holding] of held.entries()) if (place !== first.place) holding.then((release) => release?.()).catch(() => undefined);
        return first.release;
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        enough.abort();
      }
    }) as Promise<Release>;
  }

  private hold(place: number, options: LockOptions): Promise<Release | null> {
    return new Promise((resolve, reject) => {
      this.locks
        .request(`manent/stream/${place}`, options, (lock) => {
          if (!lock) return resolve(null);
          return new Promise<void>((release) => resolve(release));
        })
        .catch(reject);
    });
  }
}
