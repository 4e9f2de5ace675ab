import type { WireItem, WireMetrics, WireState } from '../engine/wire.js';
import { isId } from '../ids.js';
import type { ItemReport, SenderReport } from '../tabs/messages.js';
import type { HistoryEntry } from '../types.js';
import type { Outbox } from '../wasm/manent_engine.js';

/** So many items are read out of the engine at once. */
const PAGE_OF_ITEMS = 500;

/** What the engine says when it is asked: its texts as values. It knows nothing of what cannot be an item, wherever that was told of. */
export class EngineReader {
  private readonly outbox: Outbox;

  constructor(outbox: Outbox) {
    this.outbox = outbox;
  }

  has(id: string): boolean {
    return this.state(id) !== null;
  }

  state(id: string): WireState | null {
    return isId(id) ? parsed<WireState>(this.outbox.state(id)) : null;
  }

  report(id: string): ItemReport | null {
    const state = this.state(id);
    return state && { id, state, mayBeSent: this.outbox.mayBeSent(id) };
  }

  item(id: string): WireItem | null {
    return parsed<WireItem>(this.outbox.item(id));
  }

  *items(): Generator<WireItem> {
    for (let after: string | undefined; ; ) {
      const page = JSON.parse(this.outbox.itemsAfter(after, PAGE_OF_ITEMS)) as WireItem[];
      yield* page;
      if (page.length < PAGE_OF_ITEMS) return;
      after = page.at(-1)?.id;
    }
  }

  history(id: string): HistoryEntry[] {
    return isId(id) ? (JSON.parse(this.outbox.history(id)) as HistoryEntry[]) : [];
  }

  pace(): WireState | null {
    return parsed<WireState>(this.outbox.wait());
  }

  metrics(): WireMetrics {
    return JSON.parse(this.outbox.metrics()) as WireMetrics;
  }

  senderReport(): SenderReport {
    return { pace: this.pace(), metrics: this.metrics() };
  }
}

function parsed<T>(text: string | undefined): T | null {
  return text === undefined ? null : (JSON.parse(text) as T);
}
