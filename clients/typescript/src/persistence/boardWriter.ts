import type { WireState } from '../engine/wire.js';
import { Listeners } from '../listeners.js';
import type { ItemReport, SenderReport, TabMessage } from '../tabs/messages.js';
import type { OutboxMessage, SaveStatus } from '../types.js';
import { Board, type BoardItem } from './board.js';
import { boardItemOf } from './payload.js';
import type { TabContext } from './tabContext.js';

/**
 * Writes on the board. This tab's listeners hear of each change at once; the other tabs hear of all of one turn together, from the sender, or of
 * what this tab has stored for it.
 */
export class BoardWriter {
  readonly board = new Board();
  readonly statuses = new Listeners<SaveStatus[]>();
  readonly removals = new Listeners<string[]>();
  readonly reports = new Listeners<SenderReport>();
  /** What the sender told last. */
  report: SenderReport;
  private readonly tab: TabContext;
  private readonly news = { items: new Set<string>(), contents: new Set<string>(), removed: new Set<string>(), stored: new Set<string>() };
  /** States of items that left the board, until they are published. */
  private readonly savedNews = new Map<string, WireState>();
  private isNewsPlanned = false;

  constructor(tab: TabContext) {
    this.tab = tab;
    this.report = this.ownReport();
  }

  isStoring(id: string): boolean {
    return this.board.get(id)?.state.state === 'storing';
  }

  show(id: string, state: WireState, mayBeSent: boolean): void {
    const status = this.board.move(id, state, mayBeSent);
    if (status) this.statuses.tell([status]);
    this.news.items.add(id);
    if (state.state === 'saved') this.savedNews.set(id, state);
    this.planNews();
  }

  showNew(item: BoardItem): void {
    const known = this.board.get(item.id);
    if (known) {
      known.message = item.message;
    } else {
      this.board.put(item);
      const status = this.board.status(item.id);
      if (status) this.statuses.tell([status]);
    }
    this.tellContent(item.id);
  }

  showContent(id: string, message: OutboxMessage): void {
    const item = this.board.get(id);
    if (!item) return;
    item.message = { ...message, id };
    this.tellContent(id);
  }

  /** An item that the engine has thrown away. */
  showRemoved(id: string): void {
    this.board.remove(id);
    this.removals.tell([id]);
    this.news.removed.add(id);
    this.planNews();
  }

  /** An item that nobody holds any more: saved, or thrown away for good. */
  showGone(id: string): void {
    const state = this.board.get(id)?.state.state;
    if (state === 'failed' || state === 'discarded') {
      this.board.remove(id);
      this.removals.tell([id]);
    } else {
      this.show(id, { state: 'saved' }, true);
    }
    this.tab.own.delete(id);
    this.tab.waiters.moved(id, 'saved');
  }

  /** Brings the board in line with the engine. */
  lookAtEngine(): void {
    const held = new Set<string>();
    for (const item of this.tab.engine.items()) {
      held.add(item.id);
      if (this.board.has(item.id)) this.show(item.id, item.state, item.mayBeSent);
      else this.showNew(boardItemOf(item));
    }
    for (const id of this.board.ids()) if (!held.has(id)) this.showGone(id);
  }

  showPace(pace: WireState | null): void {
    const changed = this.board.setPace(pace);
    if (changed.length > 0) this.statuses.tell(changed);
  }

  takeReport(report: SenderReport): void {
    this.report = report;
    this.showPace(report.pace);
    this.reports.tell(report);
  }

  /** The other tabs shall have an item with its content. */
  tellContent(id: string): void {
    this.news.contents.add(id);
    this.planNews();
  }

  /** The sender shall hear that this tab has stored an item. */
  tellStored(id: string): void {
    this.news.stored.add(id);
    this.planNews();
  }

  planNews(): void {
    if (this.isNewsPlanned) return;
    this.isNewsPlanned = true;
    queueMicrotask(() => this.publish());
  }

  /** Tells the other tabs, and this one's listeners, what changed since the last time. */
  publish(): void {
    this.isNewsPlanned = false;
    const { isClosed, isSender, link, engine } = this.tab;
    if (isClosed) return;
    const contents = take(this.news.contents).flatMap((id) => this.board.get(id) ?? []);
    const items = take(this.news.items).flatMap((id): ItemReport[] => {
      const saved = this.savedNews.get(id);
      const report = saved ? { id, state: saved, mayBeSent: true } : engine.report(id);
      return report ? [report] : [];
    });
    const removed = take(this.news.removed);
    const stored = take(this.news.stored).flatMap((id) => this.board.get(id) ?? []);
    this.savedNews.clear();
    if (isSender) {
      this.report = this.ownReport();
      link.post({ type: 'moved', items, contents: contents.filter(({ state }) => state.state !== 'storing'), removed, report: this.report });
    } else if (stored.length > 0) {
      link.post({ type: 'stored', items: stored });
    }
    this.reports.tell(this.report);
  }

  private ownReport(): SenderReport {
    const { pace, metrics } = this.tab.engine.senderReport();
    return { pace, metrics: { ...metrics, isStorageRefusing: metrics.isStorageRefusing || this.tab.isHolding() } };
  }

  /** How everything stands, as the sender tells it. */
  standing(): TabMessage {
    const { engine } = this.tab;
    const items = this.board.ids().flatMap((id) => engine.report(id) ?? []);
    return { type: 'leading', items: items.filter(({ state }) => state.state !== 'storing'), report: this.ownReport() };
  }
}

function take(ids: Set<string>): string[] {
  const taken = [...ids];
  ids.clear();
  return taken;
}
