/** Which tab is which, and which one sends. */
export interface TabLocks {
  /** Takes the lowest slot that no tab has. It is held until {@link close}, or until the tab dies. */
  acquireSlot(): Promise<number>;
  /** Becomes the tab that sends, if none is. */
  tryLead(): Promise<boolean>;
  /** Waits until this tab is the one that sends, as long as it takes; resolves then. Never resolves when the locks are closed before. */
  lead(): Promise<void>;
  /** Gives up sending; another tab may take over at once. */
  stopLeading(): void;
  /** Calls once when the tab that holds a slot is gone. Answers the way to stop watching. */
  whenFree(slot: number, listener: () => void): () => void;
  /** Told when this tab slept for so long that another one took what it held. */
  onLost(listener: (what: 'slot' | 'sender') => void): void;
  /** Lets go of everything. */
  close(): void;
}

/**
 * By the browser's own Web Locks: held as long as the tab lives, and free the moment it is gone, however it went.
 */
export class WebTabLocks implements TabLocks {
  private readonly locks: LockManager;
  private readonly prefix: string;
  private readonly closing = new AbortController();
  private letGoOfSlot: () => void = () => undefined;
  private letGoOfSending: () => void = () => undefined;

  constructor(locks: LockManager, prefix: string) {
    this.locks = locks;
    this.prefix = prefix;
  }

  async acquireSlot(): Promise<number> {
    for (let slot = 0; ; slot += 1) {
      const letGo = await this.tryHold(`${this.prefix}/slot/${slot}`);
      if (!letGo) continue;
      this.letGoOfSlot = letGo;
      return slot;
    }
  }

  async tryLead(): Promise<boolean> {
    const letGo = await this.tryHold(`${this.prefix}/sender`);
    if (letGo) this.letGoOfSending = letGo;
    return letGo !== null;
  }

  lead(): Promise<void> {
    return new Promise((granted) => {
      this.locks
        .request(`${this.prefix}/sender`, { signal: this.closing.signal }, () => {
          granted();
          return new Promise<void>((letGo) => {
            this.letGoOfSending = letGo;
          });
        })
        .catch(() => undefined);
    });
  }

  stopLeading(): void {
    this.letGoOfSending();
  }

  whenFree(slot: number, listener: () => void): () => void {
    const stopping = new AbortController();
    const signal = AbortSignal.any([stopping.signal, this.closing.signal]);
    this.locks.request(`${this.prefix}/slot/${slot}`, { signal }, () => listener()).catch(() => undefined);
    return () => stopping.abort();
  }

  onLost(): void {
    // The browser takes no lock away from a tab that lives.
  }

  close(): void {
    this.closing.abort();
    this.letGoOfSending();
    this.letGoOfSlot();
  }

  /** Takes a lock if nobody has it; answers the way to let go of it. */
  private tryHold(name: string): Promise<(() => void) | null> {
    return new Promise((resolve, reject) => {
      this.locks
        .request(name, { ifAvailable: true }, (lock) => {
          if (!lock) return resolve(null);
          return new Promise<void>((letGo) => resolve(letGo));
        })
        .catch(reject);
    });
  }
}

/** For a tab that shares nothing with others: it has the only slot there is, and sends. */
export class SingleTabLocks implements TabLocks {
  async acquireSlot(): Promise<number> {
    return 0;
  }

  async tryLead(): Promise<boolean> {
    return true;
  }

  async lead(): Promise<void> {
    // It does from the start.
  }

  stopLeading(): void {
    // Nobody waits for it.
  }

  whenFree(): () => void {
    return () => undefined;
  }

  onLost(): void {
    // Nobody could take it.
  }

  close(): void {
    // There is nothing to let go of.
  }
}
