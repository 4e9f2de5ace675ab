import { SignedOut } from '../errors.js';
import { Listeners } from '../listeners.js';
import type { TabContext } from './tabContext.js';

/** Whether somebody is signed in, as far as the outbox goes. */
export class Session {
  isSignedOut = false;
  /** The device's store was emptied on purpose. */
  readonly signOuts = new Listeners<void>();
  private readonly tab: TabContext;

  constructor(tab: TabContext) {
    this.tab = tab;
  }

  signedIn(): void {
    this.isSignedOut = false;
    this.tab.driver.tell((outbox, now) => outbox.signedIn(now));
  }

  signedOut(): void {
    const { driver, isSender, own, transport, waiters, writer } = this.tab;
    this.isSignedOut = true;
    const removed = writer.board.ids();
    if (!isSender) driver.tell((outbox, now) => outbox.release(now, [...own]));
    own.clear();
    writer.board.clear();
    transport.forgetCreated();
    waiters.rejectAll(new SignedOut());
    writer.removals.tell(removed);
    this.signOuts.tell();
  }
}
