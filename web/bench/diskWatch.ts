import type { CDPSession, Page } from '@playwright/test';

interface TraceEvent {
  name: string;
  ph: string;
  ts: number;
  pid: number;
  id?: string;
  args: { data?: { type?: string } };
}

/**
 * When the browser's database had a key press's transaction on the disk, in milliseconds after the press, as the browser itself traces it.
 *
 * The page hears of it later: Chromium holds back a database's answers to a page until the frame after an input is drawn.
 */
export class DiskWatch {
  private readonly session: CDPSession;
  private events: TraceEvent[] = [];

  private constructor(session: CDPSession) {
    this.session = session;
    session.on('Tracing.dataCollected', ({ value }) => this.events.push(...(value as unknown as TraceEvent[])));
  }

  /** Begins to watch the browser of this page. */
  static async begin(page: Page): Promise<DiskWatch> {
    const browser = page.context().browser();
    const watch = new DiskWatch(browser ? await browser.newBrowserCDPSession() : await page.context().newCDPSession(page));
    await watch.session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['devtools.timeline', 'IndexedDB'] } });
    return watch;
  }

  /** Ends, and answers for each pressed key, in order, how long its transaction took to the end of its commit. */
  async end(): Promise<number[]> {
    const ended = new Promise<void>((resolve) => this.session.once('Tracing.tracingComplete', () => resolve()));
    await this.session.send('Tracing.end');
    await ended;
    const events = this.events.toSorted((one, other) => one.ts - other.ts);
    const presses = events.filter(({ name, ph, args }) => name === 'EventDispatch' && (ph === 'X' || ph === 'B') && args.data?.type === 'keydown');
    const lives = events.filter(({ name }) => name === 'Transaction::lifetime');
    return presses.map(({ ts }) => {
      const began = lives.find((life) => life.ph === 'b' && life.ts >= ts);
      const over = began && lives.find((life) => life.ph === 'e' && life.id === began.id && life.pid === began.pid && life.ts >= began.ts);
      return over ? (over.ts - ts) / 1_000 : Number.NaN;
    });
  }
}
