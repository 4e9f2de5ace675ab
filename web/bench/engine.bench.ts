import { test } from '@playwright/test';
import { type EngineModule, loadEngine } from '../../clients/typescript/src/engine/load.ts';
import type { WireOutput } from '../../clients/typescript/src/engine/wire.ts';
import { engineBytes, IS_QUICK, Report } from './report.ts';
import { median, percentile } from './statistics.ts';

const ITEMS = IS_QUICK ? 2_000 : 20_000;
const ROUNDS = IS_QUICK ? 3 : 7;
const QUEUED = 10_000;
const DEVICE = '0199c0de-0000-7000-8000-00000000000a-0';

type Outbox = InstanceType<EngineModule['Outbox']>;

interface Item {
  id: string;
  conversation: string;
  payload: string;
}

/** A message of the length that people write. */
function item(index: number): Item {
  const lane = String(index % 100).padStart(12, '0');
  const content = [{ type: 'text', text: 'Plan the garden for the spring, with a bed of herbs and two apple trees. '.repeat(4) }];
  const payload = JSON.stringify({ role: 'user', content, createdAt: '2026-11-21T12:00:00.000Z' });
  return { id: `01900000-0000-7000-9000-${index.toString(16).padStart(12, '0')}`, conversation: `01900000-0000-7000-8000-${lane}`, payload };
}

/** The shell's part without its I/O: every write is confirmed at once, every request is answered as stored, or by nobody. */
class Shell {
  readonly outbox: Outbox;
  now = 1_000_000;
  inputs = 0;
  saved = 0;
  isServerThere = true;
  private wakeAt = 0;

  constructor(outbox: Outbox) {
    this.outbox = outbox;
  }

  queue({ id, conversation, payload }: Item): void {
    this.now += 1;
    this.tell(() => this.outbox.enqueue(this.now, id, DEVICE, conversation, null, payload, null));
  }

  /** Lets the time pass that the engine asks for until so many are saved. */
  finish(count: number): void {
    while (this.saved < count) {
      this.now = Math.max(this.now, this.wakeAt);
      this.tell(() => this.outbox.wake(this.now));
    }
  }

  private tell(input: () => void): void {
    const waiting = [input];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      this.inputs += 1;
      next();
      for (let text = this.outbox.poll(); text !== undefined; text = this.outbox.poll()) {
        const reply = this.replyTo(JSON.parse(text) as WireOutput);
        if (reply) waiting.push(reply);
      }
    }
  }

  private replyTo(output: WireOutput): (() => void) | null {
    switch (output.type) {
      case 'persist':
        return () => this.outbox.persisted(this.now, output.id, true);
      case 'send': {
        if (!this.isServerThere) return () => this.outbox.unanswered(this.now, output.request, 'network');
        const results = output.ids.map((id) => ({ id, outcome: 'stored', seq: 1 }));
        return () => this.outbox.answered(this.now, output.request, 200, null, JSON.stringify({ results }));
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
  const start = () => new Shell(new module.Outbox(7, true, null, null, null, []));
  const items = Array.from({ length: ITEMS + QUEUED }, (_, index) => item(index));

  const lives: number[] = [];
  const inputs: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const shell = start();
    const began = performance.now();
    for (const each of items.slice(0, ITEMS)) shell.queue(each);
    shell.finish(ITEMS);
    const seconds = (performance.now() - began) / 1_000;
    lives.push(ITEMS / seconds);
    inputs.push(shell.inputs / seconds);
    shell.outbox.free();
    floors.push(boundaryOnly(items.slice(0, ITEMS)));
  }
  report.row({ name: 'items/s from queued to saved', unit: '/s', figure: median(lives), floor: { name: 'the same JSON written and read, no engine', value: median(floors) } });
  report.row({ name: 'inputs/s of the engine', unit: '/s', figure: median(inputs) });

  const full = start();
  full.isServerThere = false;
  for (const each of items.slice(0, QUEUED)) full.queue(each);
  const queueing: number[] = [];
  for (const each of items.slice(QUEUED, QUEUED + 1_000)) {
    const began = performance.now();
    full.queue(each);
    queueing.push((performance.now() - began) * 1_000);
  }
  report.row({ name: 'queue one more behind 10,000, p50', unit: 'us', figure: median(queueing) });
  report.row({ name: 'queue one more behind 10,000, p99', unit: 'us', figure: percentile(queueing, 0.99) });
  full.outbox.free();
  report.note(`${ITEMS} items of ${items[0]!.payload.length} bytes in 100 conversations, medians of ${ROUNDS} rounds, Node ${process.version}`);
  report.finish();
});

/** What the JSON of the boundary alone costs: the record of the write out, the request out, the answer in. Items per second. */
function boundaryOnly(items: readonly Item[]): number {
  const began = performance.now();
  let fields = 0;
  for (const { id, conversation, payload } of items) {
    const record = JSON.stringify({ type: 'persist', id: 1, operations: [{ do: 'putItem', key: id, record: payload + conversation }] });
    const request = JSON.stringify({ type: 'send', request: 1, ids: [id], body: payload + conversation });
    const answer = JSON.stringify({ results: [{ id, outcome: 'stored', seq: 1 }] });
    for (const text of [record, request, answer]) fields += Object.keys(JSON.parse(text) as object).length;
  }
  if (fields === 0) throw new Error('nothing was read');
  return items.length / ((performance.now() - began) / 1_000);
}
