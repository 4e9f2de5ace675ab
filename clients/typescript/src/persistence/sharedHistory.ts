import { isId } from '../ids.js';
import type { HistoryEntry } from '../types.js';
import type { CommandDesk } from './commandDesk.js';
import type { TabContext } from './tabContext.js';

/** The histories of so many items are remembered. */
const REMEMBERED = 200;

/** What happened to items, in every tab: the sender knows it, the others ask it, and show what it said last until it answers. */
export class SharedHistory {
  private readonly tab: TabContext;
  private readonly desk: CommandDesk;
  private readonly told = new Map<string, HistoryEntry[]>();
  private readonly asked = new Set<string>();

  constructor(tab: TabContext, desk: CommandDesk) {
    this.tab = tab;
    this.desk = desk;
  }

  of(id: string): HistoryEntry[] {
    const { engine, isSender } = this.tab;
    const known = engine.history(id);
    if (isSender || !isId(id)) return known;
    void this.ask(id);
    return this.told.get(id) ?? known;
  }

  /** Those who listen for the item hear of it again when there is more to be shown. */
  private async ask(id: string): Promise<void> {
    if (this.asked.has(id) || this.tab.isClosed) return;
    this.asked.add(id);
    const entries = await this.desk.have({ do: 'history', id }).catch(() => null);
    this.asked.delete(id);
    if (!isHistory(entries) || JSON.stringify(entries) === JSON.stringify(this.told.get(id) ?? [])) return;
    this.told.delete(id);
    this.told.set(id, entries);
    const [oldest] = this.told.keys();
    if (this.told.size > REMEMBERED) this.told.delete(oldest!);
    const { board, statuses } = this.tab.writer;
    const status = board.status(id);
    if (status) statuses.tell([status]);
  }
}

/** Another script of this origin may have answered. */
function isHistory(entries: unknown): entries is HistoryEntry[] {
  return Array.isArray(entries) && entries.every((entry: HistoryEntry | null) => typeof entry?.at === 'number' && typeof entry.step === 'string');
}
