import { isId } from '../ids.js';
import type { ItemReport } from '../tabs/messages.js';
import { boardItemOf } from './payload.js';
import { READ_AGAIN_MS, type TabContext } from './tabContext.js';

/**
 * Takes over, as the sender, what other tabs have stored: from the store and never from what they say, so that nothing is sent that is not durable.
 *
 * One adoption follows the other. One that fails because the store does is made up for before any other: later items must not come first.
 */
export class Adoption {
  private readonly tab: TabContext;
  private turn: Promise<void> = Promise.resolve();
  /** An adoption failed: there may be earlier items in the store than those that are told of next. */
  private isBehind = false;

  constructor(tab: TabContext) {
    this.tab = tab;
  }

  /** Resolves when what was begun is done. */
  done(): Promise<void> {
    return this.turn;
  }

  /** Takes over what the store holds and this engine does not: a tab died before it could tell. */
  reconcile(): void {
    this.inTurn(() => this.adoptAll());
  }

  adopt(ids: string[]): void {
    this.inTurn(() => (this.isBehind ? this.adoptAll() : this.adoptNow(ids)));
  }

  inTurn(work: () => Promise<void>): void {
    this.turn = this.turn.then(work).catch(() => {
      this.isBehind = true;
      if (!this.tab.isClosed) this.tab.environment.later(READ_AGAIN_MS, () => this.reconcile());
    });
  }

  async adoptNow(ids: string[]): Promise<void> {
    const { store, link, driver, engine, writer } = this.tab;
    if (ids.length === 0 || this.tab.isClosed) return;
    const records = await store.readItems(ids, (found) => driver.outbox.missingParents(found.map(({ record }) => record)));
    if (this.tab.isClosed) return;
    driver.tell((outbox, now) => outbox.adopt(now, records.map(({ record }) => record)));
    const held: ItemReport[] = [];
    for (const { key } of records) {
      const report = engine.report(key);
      if (!report) continue;
      held.push(report);
      if (!writer.board.has(key)) writer.showNew(boardItemOf(engine.item(key)!));
      else writer.show(key, report.state, report.mayBeSent);
    }
    if (held.length > 0) link.post({ type: 'held', items: held });
  }

  private async adoptAll(): Promise<void> {
    const keys = await this.tab.store.itemKeys();
    await this.adoptNow(keys.filter((key) => isId(key) && !this.tab.engine.has(key)));
    this.isBehind = false;
  }
}
