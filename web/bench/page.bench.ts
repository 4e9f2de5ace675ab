import { test } from '@playwright/test';
import { clientSurface } from '../e2e/support/proof/clientSurface.ts';
import { pageSurface } from '../e2e/support/proof/pageSurface.ts';
import type { Surface } from '../e2e/support/proof/surface.ts';
import { World } from '../e2e/support/proof/world.ts';
import { DiskWatch } from './diskWatch.ts';
import { FLOOR_PATH, floorPage } from './floorPage.ts';
import { IS_QUICK, Report } from './report.ts';
import { median, percentile } from './statistics.ts';
import { installStopwatch, pressed, type Press } from './stopwatch.ts';

const QUEUED = IS_QUICK ? 1_000 : 10_000;
const ROUNDS = IS_QUICK ? 2 : 6;
const PRESSES = IS_QUICK ? 5 : 40;
const STARTS = IS_QUICK ? 2 : 6;

/** The page, and at other paths what fills its outbox and what it is measured against. */
const surface: Surface = {
  ...pageSurface,
  async prepare() {
    const client = await clientSurface.prepare();
    return (path) => client(path) ?? floorPage(path);
  },
};

test('the page in Chromium', async ({ launchOptions }) => {
  const report = new Report('page');
  const full = await World.create(surface, launchOptions, { isRecorded: false });
  const empty = await World.create(surface, launchOptions, { isRecorded: false });
  try {
    await fill(full);
    await measurePresses(full, report);
    await measureStarts(full, empty, report);
    report.note(`${QUEUED} queued items in 100 conversations, the server away; ${ROUNDS * PRESSES} presses, ${STARTS} starts each`);
    report.note('"on the disk" is the end of the commit as the browser traces it; "known" is when the page hears of it, which Chromium puts off until the frame after an input is drawn');
    report.note('"in the document" is what the program does; the frame that draws it comes up to 16.7 ms later, whatever the program');
    report.finish();
  } finally {
    await full.dispose();
    await empty.dispose();
  }
});

/** A key press, and when what it wrote was on the disk, in milliseconds after it. */
interface WrittenPress extends Press {
  onDisk: number;
}

/** Queues what a long time without a server leaves behind, through the client itself. The server is away from then on. */
async function fill(world: World): Promise<void> {
  const { page } = await clientSurface.show(await world.context.newPage(), world.network.url, world.conversationId);
  await world.network.goOffline();
  await page.evaluate(async (count) => {
    const { persistence } = await window.clientPage;
    const text = 'Plan the garden for the spring, with a bed of herbs and two apple trees. '.repeat(4);
    const conversations = Array.from({ length: 100 }, () => crypto.randomUUID());
    for (let done = 0; done < count; done += 500) {
      const items = Array.from({ length: Math.min(500, count - done) }, (_, index) => ({ id: crypto.randomUUID(), conversation: conversations[(done + index) % 100]! }));
      await Promise.all(items.map(({ id, conversation }) => persistence.queueMessage({ id, role: 'user', content: text }, conversation)));
    }
  }, QUEUED);
  await page.close();
  // The page must load; nothing of the API answers.
  world.network.on(/^\/(message|conversation|completion|feed|healthz|models|search)/, { kind: 'dropRequest' });
  await world.network.goOnline();
  await installStopwatch(world.context);
}

async function measurePresses(world: World, report: Report): Promise<void> {
  const page = await world.context.newPage();
  await page.goto(`${world.network.url}/`);
  const floor = await world.context.newPage();
  await floor.goto(world.network.url + FLOOR_PATH);
  await floor.evaluate(() => (window as unknown as { seeded: Promise<void> }).seeded);
  const ours: WrittenPress[] = [];
  const floors: WrittenPress[] = [];
  await pressed(page, 'The first one opens a conversation.');
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [tab, samples] of [
      [page, ours],
      [floor, floors],
    ] as const) {
      await tab.bringToFront();
      const disk = await DiskWatch.begin(tab);
      const thisRound: Press[] = [];
      for (let press = 0; press < PRESSES; press += 1) thisRound.push(await pressed(tab, `Round ${round}, press ${press}.`));
      const onDisk = await disk.end();
      if (onDisk.length !== thisRound.length || onDisk.some(Number.isNaN)) throw new Error('The trace of the browser does not have every press.');
      samples.push(...thisRound.map((press, index) => ({ ...press, onDisk: onDisk[index]! })));
    }
  }
  const safe = ({ inDocument, onDisk }: WrittenPress) => Math.max(inDocument, onDisk);
  const known = ({ inDocument, kept }: Press) => Math.max(inDocument, kept);
  const drawn = (press: Press) => Math.max(press.drawn, press.kept);
  for (const [share, name] of [
    [0.5, 'p50'],
    [0.99, 'p99'],
  ] as const) {
    const figures = (of: (press: WrittenPress) => number) => ({ figure: percentile(ours.map(of), share), floor: { name: 'bare page', value: percentile(floors.map(of), share) } });
    report.row({ name: `key press to in the document, ${name}`, unit: 'ms', ...figures((press) => press.inDocument) });
    report.row({ name: `key press to on the disk, ${name}`, unit: 'ms', ...figures((press) => press.onDisk) });
    report.row({ name: `key press to in the document and on the disk, ${name}`, unit: 'ms', ...figures(safe), ...(share === 0.99 ? { target: { atMost: 16 } } : {}) });
    report.row({ name: `key press to in the document and known to be on the disk, ${name}`, unit: 'ms', ...figures(known) });
    report.row({ name: `key press to drawn and known to be on the disk, ${name}`, unit: 'ms', ...figures(drawn) });
  }
  await page.close();
  await floor.close();
}

async function measureStarts(full: World, empty: World, report: Report): Promise<void> {
  await installStopwatch(empty.context);
  empty.network.on(/^\/(message|conversation|completion|feed|healthz|models|search)/, { kind: 'dropRequest' });
  const start = async (world: World) => {
    const page = await world.context.newPage();
    await page.bringToFront();
    await page.goto(world.network.url);
    await page.waitForFunction(() => window.stopwatch.composerAt !== null && performance.getEntriesByName('first-contentful-paint').length > 0, undefined, { polling: 50 });
    const composer = await page.evaluate(() => window.stopwatch.composerAt!);
    const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]!.startTime);
    // What is typed first is shown and kept only when the engine has read what it holds.
    const first = await pressed(page, 'The first words.');
    const usable = composer + Math.max(first.inDocument, first.kept);
    await page.close();
    return { composer, paint, usable, first: Math.max(first.inDocument, first.kept) };
  };
  const withItems: Awaited<ReturnType<typeof start>>[] = [];
  const without: typeof withItems = [];
  for (let round = 0; round < STARTS; round += 1) {
    withItems.push(await start(full));
    without.push(await start(empty));
  }
  const row = (name: string, of: (sample: (typeof withItems)[number]) => number) =>
    report.row({ name, unit: 'ms', figure: median(withItems.map(of)), floor: { name: 'the page with an empty outbox', value: median(without.map(of)) } });
  row(`start to the first drawing, ${QUEUED} queued`, (sample) => sample.paint);
  row(`start to the message box, ${QUEUED} queued`, (sample) => sample.composer);
  row(`the first words of a fresh page shown and kept, ${QUEUED} queued`, (sample) => sample.first);
}
