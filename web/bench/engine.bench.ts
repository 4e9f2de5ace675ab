import { test } from '@playwright/test';
import { loadEngine } from '../../clients/typescript/src/engine/load.ts';
import { OutboxEngine } from '../../clients/typescript/src/engine/outboxEngine.ts';
import type { WireInput, WireNewItem, WireOutput } from '../../clients/typescript/src/engine/wire.ts';
import { engineBytes, IS_QUICK, Report } from './report.ts';
import { median, percentile } from './statistics.ts';

const ITEMS = IS_QUICK ? 2_000 : 20_000;
const ROUNDS = IS_QUICK ? 3 : 7;
const QUEUED = 10_000;

/** A message of the length that people write. */
function item(index: number): WireNewItem {
  const lane = String(index % 100).padStart(12, '0');
  const payload = { role: 'user', content: [{ type: 'text', text: 'Plan the garden for the spring, with a bed of herbs and two apple trees. '.repeat(4) }], createdAt: '2026-11-21T12:00:00.000Z' };
  const id = `01900000-0000-7000-9000-${index.toString(16).padStart(12, '0')}`;
  return { id, device: '0199c0de-0000-7000-8000-00000000000a-0', conversationId: `01900000-0000-7000-8000-${lane}`, payload, sizeBytes: JSON.stringify(payload).length };
}

/** The shell's part without its I/O: every write is confirmed at once, every request is answered as stored. */
class Shell {
  readonly engine: OutboxEngine;
  now = 1_000_000;
  inputs = 0;
  saved = 0;
  isServerThere = true;
  private wakeAt = 0;

  constructor(engine: OutboxEngine) {
    this.engine = engine;
  }

  handle(input: WireInput): void {
    const waiting: WireInput[] = [input];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      this.inputs += 1;
      this.engine.handle(this.now, next);
      for (let output = this.engine.poll(); output !== null; output = this.engine.poll()) {
        const reply = this.replyTo(output);
        if (reply) waiting.push(reply);
      }
    }
  }

  /** Lets the time pass that the engine asks for until everything is saved. */
  finish(count: number): void {
    while (this.saved < count) {
      this.now = Math.max(this.now, this.wakeAt);
      this.handle({ type: 'wake' });
    }
  }

  private replyTo(output: WireOutput): WireInput | null {
    switch (output.type) {
      case 'persist':
        return { type: 'persisted', id: output.id };
      case 'send': {
        if (!this.isServerThere) return { type: 'answered', request: output.request, answer: { how: 'network' } };
        const results = output.ids.map((id) => ({ id, outcome: 'stored', seq: 1 }));
        return { type: 'answered', request: output.request, answer: { how: 'http', status: 200, body: JSON.stringify({ results }) } };
      }
      case 'wakeAt':
        this.wakeAt = output.at;
        return null;
      case 'event':
        if (output.event.type === 'item' && output.event.state.state === 'saved') this.saved += 1;
        return null;
      default:
        return null;
    }
  }
}

test('the engine in wasm', async () => {
  const report = new Report('engine-wasm');
  const module = await loadEngine(engineBytes());
  const start = () => new Shell(new OutboxEngine(module, { seed: 7, leads: true }, []));
  const items = Array.from({ length: ITEMS + QUEUED }, (_, index) => item(index));

  const lives: number[] = [];
  const inputs: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const shell = start();
    const began = performance.now();
    for (const each of items.slice(0, ITEMS)) {
      shell.now += 1;
      shell.handle({ type: 'enqueue', item: each });
    }
    shell.finish(ITEMS);
    const seconds = (performance.now() - began) / 1_000;
    lives.push(ITEMS / seconds);
    inputs.push(shell.inputs / seconds);
    shell.engine.free();
    floors.push(boundaryOnly(items.slice(0, ITEMS)));
  }
  report.row({ name: 'items/s from queued to saved', unit: '/s', figure: median(lives), floor: { name: 'the same JSON written and read, no engine', value: median(floors) } });
  report.row({ name: 'inputs/s of the engine', unit: '/s', figure: median(inputs) });

  const full = start();
  full.isServerThere = false;
  for (const each of items.slice(0, QUEUED)) {
    full.now += 1;
    full.handle({ type: 'enqueue', item: each });
  }
  const queueing: number[] = [];
  for (const each of items.slice(QUEUED, QUEUED + 1_000)) {
    full.now += 1;
    const began = performance.now();
    full.handle({ type: 'enqueue', item: each });
    queueing.push((performance.now() - began) * 1_000);
  }
  report.row({ name: 'queue one more behind 10,000, p50', unit: 'us', figure: median(queueing) });
  report.row({ name: 'queue one more behind 10,000, p99', unit: 'us', figure: percentile(queueing, 0.99) });
  full.engine.free();
  report.note(`${ITEMS} items of ${items[0]!.sizeBytes} bytes in 100 conversations, medians of ${ROUNDS} rounds, Node ${process.version}`);
  report.finish();
});

/** What the JSON of the boundary alone costs: the item in, the write's record out, the request out, its answer in. Items per second. */
function boundaryOnly(items: readonly WireNewItem[]): number {
  const began = performance.now();
  let bytes = 0;
  for (const each of items) {
    const input = JSON.stringify({ type: 'enqueue', item: each });
    const record = JSON.stringify({ type: 'persist', id: 1, operations: [{ do: 'putItem', key: each.id, record: input }] });
    const answer = JSON.stringify({ type: 'answered', request: 1, answer: { how: 'http', status: 200, body: JSON.stringify({ results: [{ id: each.id, outcome: 'stored', seq: 1 }] }) } });
    for (const text of [input, record, input, answer]) bytes += Object.keys(JSON.parse(text) as object).length;
  }
  if (bytes === 0) throw new Error('nothing was read');
  return items.length / ((performance.now() - began) / 1_000);
}
