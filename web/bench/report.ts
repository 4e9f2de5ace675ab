import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { resolve } from 'node:path';

/** Whether rounds are short: shows that it works, not what the figures are. */
export const IS_QUICK = process.env.MANENT_BENCH_QUICK === '1';

export type Unit = 'ms' | 'us' | '/s' | '';

/** What must hold of a figure: at most or at least so much, or so many times its floor. */
export type Target = { atMost: number } | { ratioAtMost: number };

export interface Row {
  name: string;
  unit: Unit;
  figure: number;
  /** Measured in the same run. */
  floor?: { name: string; value: number };
  target?: Target;
}

/** What one benchmark found: the same columns and the same JSON as those of `testing/manent-bench`. */
export class Report {
  private readonly benchmark: string;
  private readonly machine = {
    date: `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    kernel: release(),
    loadAverage: loadavg()[0]!.toFixed(2),
  };
  private readonly rows: Row[] = [];
  private readonly notes: string[] = [];

  constructor(benchmark: string) {
    this.benchmark = benchmark;
  }

  row(row: Row): void {
    this.rows.push(row);
  }

  /** A remark: what was left out, what the run was like. */
  note(note: string): void {
    this.notes.push(note);
  }

  /** Prints the table and writes it as JSON to `target/bench`. */
  finish(): void {
    const { date, processor, cores, kernel, loadAverage } = this.machine;
    const heading = ['figure', 'value', 'floor', 'ratio', 'target', 'reached?'];
    const table = [heading, ...this.rows.map(cells)];
    const widths = heading.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
    const missed = this.rows.filter((row) => isReached(row) === false).length;
    const lines = [
      '',
      `${this.benchmark}${IS_QUICK ? ' (quick)' : ''}: ${date}, ${processor}, ${cores} cores, Linux ${kernel}, load average ${loadAverage} at the beginning`,
      ...table.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')),
      ...this.notes.map((note) => `note: ${note}`),
      missed === 0 ? 'Every target of this benchmark was reached.' : `${missed} target(s) MISSED.`,
      '',
    ];
    process.stdout.write(lines.join('\n'));
    const directory = resolve(import.meta.dirname, '../../target/bench');
    mkdirSync(directory, { recursive: true });
    const rows = this.rows.map((row) => ({ ...row, ratio: ratio(row), reached: isReached(row) }));
    writeFileSync(resolve(directory, `${this.benchmark}.json`), JSON.stringify({ benchmark: this.benchmark, quick: IS_QUICK, machine: this.machine, rows, notes: this.notes }, null, 2));
  }
}

function ratio({ figure, floor }: Row): number | null {
  return floor === undefined ? null : figure / floor.value;
}

function isReached(row: Row): boolean | null {
  if (row.target === undefined) return null;
  if ('atMost' in row.target) return row.figure <= row.target.atMost;
  const measured = ratio(row);
  return measured === null ? null : measured <= row.target.ratioAtMost;
}

function cells(row: Row): string[] {
  const { name, unit, figure, floor, target } = row;
  const measured = ratio(row);
  const reached = isReached(row);
  return [
    name,
    withUnit(figure, unit),
    floor === undefined ? '-' : `${withUnit(floor.value, unit)} (${floor.name})`,
    measured === null ? '-' : `${measured.toFixed(2)}x`,
    target === undefined ? '-' : 'atMost' in target ? `<= ${withUnit(target.atMost, unit)}` : `<= ${target.ratioAtMost}x`,
    reached === null ? '-' : reached ? 'yes' : 'NO',
  ];
}

function withUnit(value: number, unit: Unit): string {
  const digits = unit === '' || value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return `${value.toFixed(digits)} ${unit}`.trim();
}

/** The engine's module as it is shipped. */
export function engineBytes(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(resolve(import.meta.dirname, '../../clients/typescript/src/wasm/manent_engine_bg.wasm')));
}
