import type { Fault } from './fault.ts';
import type { Seen } from './seen.ts';

/** Which requests a rule is for, and for how long it holds. */
export interface RuleOptions {
  /** Only so many requests. */
  times?: number;
  /** Only so long from now, in milliseconds. */
  forMs?: number;
  method?: string;
  /** Only requests of which this says yes. */
  when?: (seen: Seen) => boolean;
}

/** A fault that the proxy does to the requests of a path until it is lifted or used up. The newest rule that fits a request is the one that counts. */
export class Rule {
  /** How many requests it met. */
  hits = 0;
  readonly fault: Fault;
  private readonly path: string | RegExp;
  private readonly options: RuleOptions;
  private readonly until: number;
  private isLifted = false;
  private waiting: { hits: number; resolve: () => void }[] = [];

  constructor(path: string | RegExp, fault: Fault, options: RuleOptions) {
    this.path = path;
    this.fault = fault;
    this.options = options;
    this.until = options.forMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.forMs;
  }

  get isOver(): boolean {
    return this.isLifted || this.hits >= (this.options.times ?? Number.POSITIVE_INFINITY) || performance.now() >= this.until;
  }

  /** From now on requests pass. */
  lift(): void {
    this.isLifted = true;
  }

  fits(seen: Seen): boolean {
    if (this.isOver) return false;
    const { method, when } = this.options;
    const isPath = typeof this.path === 'string' ? seen.path === this.path : this.path.test(seen.path);
    return isPath && (method === undefined || seen.method === method) && (when === undefined || when(seen));
  }

  hit(): void {
    this.hits += 1;
    for (const { hits, resolve } of this.waiting) if (this.hits >= hits) resolve();
    this.waiting = this.waiting.filter(({ hits }) => this.hits < hits);
  }

  /** Resolves when the rule has met so many requests. */
  async met(hits = 1): Promise<void> {
    if (this.hits >= hits) return;
    await new Promise<void>((resolve) => this.waiting.push({ hits, resolve }));
  }
}
