import { Listeners } from '../listeners.js';
import type { Adoption } from './adoption.js';
import type { CommandDesk } from './commandDesk.js';
import { READ_AGAIN_MS, type TabContext } from './tabContext.js';

/** Becoming the sender and ceasing to be it. A tab that becomes the sender reads the whole store, and needs no word of the one before it. */
export class Leadership {
  /** This tab is the sender from now on. */
  readonly leads = new Listeners<void>();
  /** This tab was the sender and is it no longer. */
  readonly follows = new Listeners<void>();
  /** As the sender this tab learned that a slot's tab is gone. */
  readonly freedSlots = new Listeners<number>();
  private readonly tab: TabContext;
  private readonly adoption: Adoption;
  private readonly desk: CommandDesk;
  private readonly watched = new Map<number, () => void>();

  constructor(tab: TabContext, adoption: Adoption, desk: CommandDesk) {
    this.tab = tab;
    this.adoption = adoption;
    this.desk = desk;
  }

  /** Sends from now on. */
  begin(): void {
    const { driver, engine, link, own, writer } = this.tab;
    this.tab.isSender = true;
    own.clear();
    driver.tell((outbox, now) => outbox.lead(now, true));
    writer.planNews();
    writer.showPace(engine.pace());
    link.post(writer.standing());
    link.post({ type: 'whoIsHere' });
    this.leads.tell();
  }

  /** Lets go of what another tab sends, and waits until it is gone. */
  follow(): void {
    const { driver, link, locks, writer } = this.tab;
    const held = writer.board.ids();
    driver.tell((outbox, now) => outbox.release(now, held));
    link.post({ type: 'whoLeads' });
    void locks.lead().then(() => this.takeOver());
  }

  /** This tab slept, and another one sends now. */
  onLost(): void {
    if (this.tab.isClosed) return;
    this.tab.driver.tell((outbox, now) => outbox.lead(now, false));
    this.tab.isSender = false;
    this.follows.tell();
    this.follow();
  }

  /** Tells `freedSlots` when the slot's tab is gone, or at once where it has none. */
  watch(slot: number): void {
    if (this.watched.has(slot)) return;
    const stop = this.tab.locks.whenFree(slot, () => {
      this.watched.delete(slot);
      this.adoption.reconcile();
      this.freedSlots.tell(slot);
    });
    this.watched.set(slot, stop);
  }

  /** The sender before this one is gone: what the store holds is this tab's now. */
  private async takeOver(): Promise<void> {
    const { driver, environment, store, writer } = this.tab;
    while (!this.tab.isClosed) {
      try {
        const { items, others } = await store.read();
        if (this.tab.isClosed) return;
        driver.tell((outbox, now) => outbox.adopt(now, [...items, ...others].map(({ record }) => record)));
        this.letGoOfSettled(new Set(items.map(({ key }) => key)));
        break;
      } catch {
        await new Promise<void>((resolve) => environment.later(READ_AGAIN_MS, resolve));
      }
    }
    if (this.tab.isClosed) return;
    writer.lookAtEngine();
    this.begin();
    this.desk.followOwn();
    this.adoption.reconcile();
  }

  /** What this engine queued and the store no longer has was settled by the last sender, which had no time to say so. */
  private letGoOfSettled(stored: ReadonlySet<string>): void {
    const { driver, own, writer } = this.tab;
    const settled = [...own].filter((id) => !writer.isStoring(id) && !stored.has(id));
    if (settled.length > 0) driver.tell((outbox, now) => outbox.release(now, settled));
  }
}
