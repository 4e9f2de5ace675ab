import type { Shown } from './shown.ts';

/** What all tabs of a browser showed, in the order in which it was told. */
export class ShownLog {
  readonly entries: Shown[] = [];
  private waiting: { fits: (entry: Shown) => boolean; resolve: (entry: Shown) => void }[] = [];

  /** Takes what a tab tells; what it found in the device's store comes a little after what it showed. */
  add(entry: Shown): void {
    const known = entry.lookedAt === undefined ? undefined : this.entries.find(({ at, tab, messageId }) => at === entry.at && tab === entry.tab && messageId === entry.messageId);
    if (known) {
      Object.assign(known, entry);
      return;
    }
    this.entries.push(entry);
    for (const { fits, resolve } of this.waiting) if (fits(entry)) resolve(entry);
    this.waiting = this.waiting.filter(({ fits }) => !fits(entry));
  }

  /** A document is gone, and shows nothing any more. */
  end(tab: string, at: number): void {
    const last = new Map(this.entries.filter((entry) => entry.tab === tab).map((entry) => [entry.messageId, entry]));
    for (const { messageId, state } of last.values()) if (state !== 'gone') this.add({ at, tab, messageId, state: 'gone' });
  }

  /** Resolves as soon as something is shown that fits; what was shown before does not count. */
  next(fits: (entry: Shown) => boolean): Promise<Shown> {
    return new Promise((resolve) => this.waiting.push({ fits, resolve }));
  }

  /** The states of one message in the order in which a tab showed them; with several tabs, those of all. */
  statesOf(messageId: string): string[] {
    return this.entries.filter((entry) => entry.messageId === messageId).map(({ state }) => state);
  }
}
