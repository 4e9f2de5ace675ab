import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MaybeSent, NoSender, NotInTray, WouldLose } from './errors.js';
import { FakeBrowser } from './testing/fakeBrowser.js';
import type { OutboxMessage, SaveStatus } from './types.js';

const CONVERSATION = '0199c0de-0000-7000-8000-00000000000c';
const OTHER = '0199c0de-0000-7000-8000-00000000000d';
const idOf = (number: number): string => `0199c0de-0000-7000-8000-${String(number).padStart(12, '0')}`;
const message = (number: number, parent: number | null = null): OutboxMessage => ({
  id: idOf(number),
  parentId: parent === null ? null : idOf(parent),
  role: 'user',
  content: `message ${number}`,
});

describe('several tabs', () => {
  it('have slots of their own and one sender', async () => {
    const browser = new FakeBrowser();
    const tabs = [await browser.open(), await browser.open(), await browser.open()];
    expect(tabs.map(({ client }) => client.persistence.deviceId.slice(-2))).toEqual(['-0', '-1', '-2']);
    expect(tabs.map(({ client }) => client.persistence.getQueueStatus().isSender)).toEqual([true, false, false]);
  });

  it('send through one of them, and each tab sees every state', async () => {
    const browser = new FakeBrowser();
    const sender = await browser.open();
    const writer = await browser.open();
    const bystander = await browser.open();
    const seen = { writer: [] as string[], bystander: [] as string[] };
    writer.client.persistence.subscribe(({ state }) => seen.writer.push(state));
    bystander.client.persistence.subscribe(({ state }) => seen.bystander.push(state));
    await writer.client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.settle();
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
    expect(browser.server.requests[0]?.body.deviceId).toBe(writer.client.persistence.deviceId);
    expect(seen.writer).toEqual(['queued', 'sending', 'saved']);
    expect(seen.bystander).toEqual(['queued', 'sending', 'saved']);
    for (const { client } of [sender, writer, bystander]) {
      expect(client.persistence.items()).toEqual([]);
      expect(client.persistence.status(idOf(1))).toMatchObject({ state: 'saved', seq: 1 });
    }
  });

  it('know in each what happened to a message, also of what another one did', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    const sender = await browser.open();
    const { client } = await browser.open();
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.settle();
    const steps = (): string[] => client.persistence.history(idOf(1)).map(({ step }) => step);
    const told: string[][] = [];
    client.persistence.subscribe(() => told.push(steps()));
    steps();
    await browser.settle();
    expect(told).toEqual([['queued', 'adopted', 'sent', 'answered']]);
    browser.server.behave = () => 'answer';
    await browser.pass(60_000);
    expect(steps()).toEqual(['queued', 'adopted', 'sent', 'answered', 'sent', 'answered', 'saved']);
    expect(client.persistence.history(idOf(1))).toEqual(sender.client.persistence.history(idOf(1)));
    expect([client.persistence.history(idOf(2)), client.persistence.history('nonsense')]).toEqual([[], []]);
  });

  it('go on when the sender dies in the middle of a request', async () => {
    const browser = new FakeBrowser();
    const sender = await browser.open();
    const writer = await browser.open();
    browser.server.behave = () => 'hang';
    for (const number of [1, 2, 3]) await writer.client.persistence.queueMessage(message(number, number > 1 ? number - 1 : null), CONVERSATION);
    await browser.settle();
    browser.server.behave = () => 'answer';
    sender.tab.kill();
    await browser.pass(60_000);
    expect(writer.client.persistence.getQueueStatus().isSender).toBe(true);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([1, 2, 3].map(idOf));
    expect(writer.client.persistence.items()).toEqual([]);
  });

  it('adopt what a tab left that died right after it had stored', async () => {
    const browser = new FakeBrowser();
    await browser.open();
    const writer = await browser.open();
    const queued = writer.client.persistence.queueMessage(message(1), CONVERSATION);
    await queued;
    // The word for the sender is not on its way yet.
    writer.tab.kill();
    await browser.pass(1_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });

  it('see in a new tab what waits, and change it from there while it was not sent', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    const first = await browser.open();
    await first.client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.pass(20_000);
    await first.client.persistence.queueMessage(message(2, 1), CONVERSATION);
    const second = await browser.open();
    const items = second.client.persistence.items();
    expect(items.map(({ messageId, state, mayBeSent }) => ({ messageId, state, mayBeSent }))).toEqual([
      { messageId: idOf(1), state: 'waiting', mayBeSent: true },
      { messageId: idOf(2), state: 'waiting', mayBeSent: false },
    ]);
    await expect(second.client.persistence.replace(idOf(1), message(1))).rejects.toBeInstanceOf(MaybeSent);
    await second.client.persistence.replace(idOf(2), { ...message(2, 1), content: 'better' });
    expect(second.client.persistence.items()[1]?.message.content).toBe('better');
    await browser.settle();
    expect(first.client.persistence.items()[1]?.message.content).toBe('better');
    browser.server.behave = () => 'answer';
    await browser.pass(120_000);
    expect(browser.server.contents.get(idOf(2))).toBe('better');
  });

  it('take back, discard, undo and send again from any tab', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    await browser.open();
    const { client } = await browser.open();
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.pass(20_000);
    await client.persistence.queueMessage(message(2), OTHER);
    await client.persistence.withdraw(idOf(2));
    expect(client.persistence.status(idOf(2))).toMatchObject({ state: 'failed', reason: { code: 'withdrawn' } });
    await client.persistence.discard(idOf(2));
    expect(client.persistence.status(idOf(2))?.state).toBe('discarded');
    await expect(client.persistence.retry(idOf(2))).rejects.toBeInstanceOf(NotInTray);
    await client.persistence.undo(idOf(2));
    await client.persistence.retry(idOf(2), { ...message(2), content: 'again' });
    browser.server.behave = () => 'answer';
    await browser.pass(120_000);
    expect(browser.server.contents.get(idOf(2))).toBe('again');
    expect(client.persistence.items()).toEqual([]);
  });

  it('show a refused message with its reason in every tab, and what it blocks', async () => {
    const browser = new FakeBrowser();
    const sender = await browser.open();
    const { client } = await browser.open();
    browser.server.rejected.set(idOf(1), 'content_empty');
    browser.server.behave = () => 'unreachable';
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await client.persistence.queueMessage(message(2, 1), CONVERSATION);
    await browser.settle();
    browser.server.behave = () => 'answer';
    await browser.pass(60_000);
    for (const { persistence } of [client, sender.client]) {
      expect(persistence.status(idOf(1))).toMatchObject({ state: 'failed', reason: { code: 'content_empty', detail: 'The test wants it so.' } });
      expect(persistence.status(idOf(2))).toMatchObject({ state: 'failed', reason: { code: 'blocked', blockedBy: idOf(1) } });
      expect(persistence.getQueueStatus().failed).toBe(2);
    }
    browser.server.rejected.clear();
    await client.persistence.retry(idOf(1), { ...message(1), content: 'something' });
    await browser.pass(60_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1), idOf(2)]);
  });

  it('pause for signing in and lose nothing by it', async () => {
    const browser = new FakeBrowser();
    await browser.open();
    const { client } = await browser.open();
    browser.server.behave = () => new Response('', { status: 401 });
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.pass(60_000);
    expect(client.persistence.getQueueStatus()).toMatchObject({ isPausedForSignIn: true, waiting: 1 });
    expect(client.persistence.status(idOf(1))?.reason?.code).toBe('sign_in');
    browser.server.behave = () => 'answer';
    client.persistence.signedIn();
    await browser.pass(10_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });

  it('sign out only when nothing is lost, or when that was confirmed', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    const sender = await browser.open();
    const { client } = await browser.open();
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await expect(client.persistence.signOut()).rejects.toBeInstanceOf(WouldLose);
    await client.persistence.signOut({ confirmed: true });
    expect(client.persistence.items()).toEqual([]);
    expect(sender.client.persistence.items()).toEqual([]);
    await expect(client.persistence.queueMessage(message(2), CONVERSATION)).rejects.toMatchObject({ code: 'signed_out' });
    client.persistence.signedIn();
    browser.server.behave = () => 'answer';
    await client.persistence.queueMessage(message(3), CONVERSATION);
    await browser.pass(60_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(3)]);
  });

  it('send what was being stored in another tab when the storage went', async () => {
    const browser = new FakeBrowser();
    const sender = await browser.open();
    const writer = await browser.open();
    const queued = writer.client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.loseStorage();
    await queued;
    await browser.pass(60_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
    expect([sender, writer].map(({ client }) => client.persistence.status(idOf(1))?.state)).toEqual(['saved', 'saved']);
  });

  it('write everything again when the storage is cleared under them', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    const sender = await browser.open();
    const writer = await browser.open();
    await writer.client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.settle();
    const warnings: string[] = [];
    sender.client.persistence.subscribeWarnings(({ code }) => warnings.push(code));
    await browser.loseStorage();
    await writer.client.persistence.queueMessage(message(2), CONVERSATION);
    await browser.pass(30_000);
    expect(warnings).toContain('lost');
    sender.tab.kill();
    writer.tab.kill();
    browser.server.behave = () => 'answer';
    await browser.open();
    await browser.pass(120_000);
    expect(browser.server.storedIn(CONVERSATION).sort()).toEqual([idOf(1), idOf(2)]);
  });

  it('give up a command that no other tab answers', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    await browser.open({}, { openChannel: () => null });
    const { client } = await browser.open();
    await client.persistence.queueMessage(message(1), CONVERSATION);
    const refused = expect(client.persistence.withdraw(idOf(1))).rejects.toBeInstanceOf(NoSender);
    await browser.pass(300_000);
    await refused;
  });

  it('hand over without delay when the sender is closed', async () => {
    const browser = new FakeBrowser();
    const sender = await browser.open();
    const { client } = await browser.open();
    await sender.client.close();
    await browser.settle();
    expect(client.persistence.getQueueStatus().isSender).toBe(true);
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.pass(1_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });

  it('lose nothing, double nothing and keep the order of each tab, whatever dies and whatever the network does', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), tab: fc.nat(3), conversation: fc.nat(1) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), tab: fc.nat(3) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('open' as const) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('network' as const), is: fc.constantFrom('answer' as const, 'unreachable' as const, 'answerLost' as const) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), milliseconds: fc.nat(20_000) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const browser = new FakeBrowser();
        let tabs = [await browser.open()];
        let number = 0;
        const accepted: { tab: number; conversation: string; id: string }[] = [];
        let opened = 0;
        const names = new Map(tabs.map((tab) => [tab, opened++]));
        for (const step of steps) {
          if (step.do === 'write' && tabs.length > 0) {
            const tab = tabs[step.tab % tabs.length]!;
            const conversation = step.conversation === 0 ? CONVERSATION : OTHER;
            number += 1;
            const id = idOf(number);
            await tab.client.persistence.queueMessage(message(number), conversation);
            accepted.push({ tab: names.get(tab)!, conversation, id });
          } else if (step.do === 'kill' && tabs.length > 0) {
            const tab = tabs[step.tab % tabs.length]!;
            tab.tab.kill();
            tabs = tabs.filter((other) => other !== tab);
          } else if (step.do === 'open' && tabs.length < 5) {
            const tab = await browser.open();
            names.set(tab, opened++);
            tabs.push(tab);
          } else if (step.do === 'network') browser.server.behave = () => step.is;
          else if (step.do === 'pass') await browser.pass(step.milliseconds);
          else if (step.do === 'lose' && tabs.length > 0) {
            await browser.pass(100);
            await browser.loseStorage();
            await browser.pass(100);
          }
        }
        browser.server.behave = () => 'answer';
        const last = await browser.open();
        await browser.pass(1_000_000);
        for (const conversation of [CONVERSATION, OTHER]) {
          const stored = browser.server.storedIn(conversation);
          const wanted = accepted.filter((item) => item.conversation === conversation);
          expect(stored.toSorted()).toEqual(wanted.map(({ id }) => id).toSorted());
          for (const tab of new Set(wanted.map((item) => item.tab))) {
            const ofTab = wanted.filter((item) => item.tab === tab).map(({ id }) => id);
            expect(stored.filter((id) => ofTab.includes(id))).toEqual(ofTab);
          }
        }
        for (const { client } of [...tabs, last]) expect(client.persistence.items()).toEqual([]);
        for (const tab of [...tabs, last]) tab.tab.kill();
      }),
      { numRuns: 200, seed: 7 },
    );
  }, 120_000);
});

describe('tabs of a page that is not secure', () => {
  const insecure = () => {
    const browser = new FakeBrowser();
    browser.isSecure = false;
    return browser;
  };

  it('have slots of their own and one sender all the same', async () => {
    const browser = insecure();
    const tabs = [await browser.open(), await browser.open(), await browser.open()];
    expect(tabs.map(({ client }) => client.persistence.deviceId.slice(-2))).toEqual(['-0', '-1', '-2']);
    expect(tabs.map(({ client }) => client.persistence.getQueueStatus().isSender)).toEqual([true, false, false]);
    await tabs[2]!.client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.settle();
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });

  it('take over from a sender that died when its lease has run out', async () => {
    const browser = insecure();
    const sender = await browser.open();
    const { client } = await browser.open();
    browser.server.behave = () => 'hang';
    await client.persistence.queueMessage(message(1), CONVERSATION);
    browser.server.behave = () => 'answer';
    sender.tab.kill();
    await browser.pass(60_000);
    expect(client.persistence.getQueueStatus().isSender).toBe(false);
    await browser.pass(200_000);
    expect(client.persistence.getQueueStatus().isSender).toBe(true);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });

  it('hand over at once when a tab is left in order', async () => {
    const browser = insecure();
    const sender = await browser.open();
    const { client } = await browser.open();
    await sender.client.close();
    await browser.pass(10_000);
    expect(client.persistence.getQueueStatus().isSender).toBe(true);
  });

  it('share the work anew when one slept for so long that its leases ran out', async () => {
    const browser = insecure();
    const sleeper = await browser.open();
    const other = await browser.open();
    const wake = sleeper.tab.sleep();
    await browser.pass(300_000);
    expect(other.client.persistence.getQueueStatus().isSender).toBe(true);
    const third = await browser.open();
    expect(third.client.persistence.deviceId).toBe(sleeper.client.persistence.deviceId);
    wake();
    await browser.pass(20_000);
    expect(sleeper.client.persistence.getQueueStatus().isSender).toBe(false);
    expect(sleeper.client.persistence.deviceId).toMatch(/-2$/);
    await sleeper.client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.pass(10_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });
});

describe('the device', () => {
  it('says so when only memory is left, and sends all the same', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open({ storage: 'memory' });
    const warnings: string[] = [];
    client.persistence.subscribeWarnings(({ code }) => warnings.push(code));
    expect(warnings).toEqual(['memory_only']);
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.settle();
    expect(client.persistence.getQueueStatus().storage).toBe('memory');
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });

  it('tells of many items at once when the server goes away', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    const { client } = await browser.open();
    const told: SaveStatus[][] = [];
    await Promise.all(Array.from({ length: 200 }, (_, index) => client.persistence.queueMessage(message(index + 1), CONVERSATION)));
    client.persistence.subscribeMany((statuses) => told.push(statuses));
    await browser.pass(60_000);
    expect(client.persistence.getQueueStatus().waiting + client.persistence.getQueueStatus().sending).toBe(200);
    expect(Math.max(...told.map((statuses) => statuses.length))).toBeGreaterThan(100);
  });
});
