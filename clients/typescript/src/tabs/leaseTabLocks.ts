import type { Environment } from '../environment.js';
import type { TabLocks } from './tabLocks.js';

/** How often a lease is renewed, and how often others look whether it has run out, in milliseconds. */
const RENEW_MS = 5_000;

/** How long a lease holds without being renewed, in milliseconds: longer than browsers let a hidden tab wait between two timers. */
const LEASE_MS = 150_000;

/** Where leases are kept: one step that nobody else can come between. */
export interface LeaseStore {
  /** Takes or renews a lease until a time. `false`: somebody else has it, and it has not run out. */
  takeLease(name: string, owner: string, now: number, until: number): Promise<boolean>;
  /** Gives a lease back, if it is the owner's. */
  dropLease(name: string, owner: string): Promise<void>;
}

/**
 * For pages without Web Locks, which browsers give to secure pages only: leases in the database that all tabs share.
 *
 * A tab that dies without a word keeps its leases until they run out. One that slept for longer than that and wakes up finds that another has them:
 * it takes a new slot, and sends nothing more until it is the sender again. In between two tabs may send the same item, which the server stores once.
 */
export class LeaseTabLocks implements TabLocks {
  private readonly store: LeaseStore;
  private readonly environment: Pick<Environment, 'now' | 'later' | 'onLeave'>;
  private readonly owner: string;
  private readonly held = new Map<string, () => void>();
  private readonly stops = new Set<() => void>();
  private readonly stopLeaving: () => void;
  private lostListener: (what: 'slot' | 'sender') => void = () => undefined;
  private isClosed = false;

  constructor(store: LeaseStore, environment: Pick<Environment, 'now' | 'later' | 'onLeave'>, owner: string) {
    this.store = store;
    this.environment = environment;
    this.owner = owner;
    this.stopLeaving = environment.onLeave(() => this.dropAll());
  }

  async acquireSlot(): Promise<number> {
    for (let slot = 0; ; slot += 1) {
      const name = slotName(slot);
      if (this.held.has(name) || !(await this.take(name))) continue;
      return slot;
    }
  }

  tryLead(): Promise<boolean> {
    return this.take(SENDER);
  }

  lead(): Promise<void> {
    return this.poll(() => this.take(SENDER));
  }

  stopLeading(): void {
    this.drop(SENDER);
  }

  whenFree(slot: number, listener: () => void): () => void {
    let isWanted = true;
    const name = slotName(slot);
    void this.poll(async () => {
      if (!isWanted) return true;
      if (this.held.has(name) || !(await this.take(name))) return false;
      this.drop(name);
      if (isWanted) listener();
      return true;
    });
    return () => {
      isWanted = false;
    };
  }

  onLost(listener: (what: 'slot' | 'sender') => void): void {
    this.lostListener = listener;
  }

  close(): void {
    this.isClosed = true;
    this.stopLeaving();
    this.dropAll();
    for (const stop of this.stops) stop();
    this.stops.clear();
  }

  private dropAll(): void {
    for (const name of this.held.keys()) this.drop(name);
  }

  /** Takes a lease if nobody has it, and renews it from then on. */
  private async take(name: string): Promise<boolean> {
    if (!(await this.renew(name))) return false;
    this.keep(name);
    return true;
  }

  private keep(name: string): void {
    const stop = this.environment.later(RENEW_MS, () => {
      void this.renew(name).then(
        (isMine) => {
          if (!this.held.has(name)) return;
          if (isMine) return this.keep(name);
          this.held.delete(name);
          this.lostListener(name === SENDER ? 'sender' : 'slot');
        },
        // The store does not answer; the lease still holds for a while.
        () => this.held.has(name) && this.keep(name),
      );
    });
    this.held.set(name, stop);
  }

  private renew(name: string): Promise<boolean> {
    const now = this.environment.now();
    return this.store.takeLease(name, this.owner, now, now + LEASE_MS);
  }

  private drop(name: string): void {
    this.held.get(name)?.();
    if (this.held.delete(name)) void this.store.dropLease(name, this.owner).catch(() => undefined);
  }

  /** Tries until it works. */
  private poll(attempt: () => Promise<boolean>): Promise<void> {
    return new Promise((resolve) => {
      const next = () => {
        if (this.isClosed) return;
        void attempt().then(
          (isDone) => (isDone ? resolve() : again()),
          () => again(),
        );
      };
      const again = () => {
        const stop = this.environment.later(RENEW_MS, () => {
          this.stops.delete(stop);
          next();
        });
        this.stops.add(stop);
      };
      again();
    });
  }
}

const SENDER = 'sender';
const slotName = (slot: number): string => `slot/${slot}`;
