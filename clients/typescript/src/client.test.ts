import { describe, expect, it } from 'vitest';
import { InvalidItem, OutboxFull } from './errors.js';
import { FakeBrowser } from './testing/fakeBrowser.js';
import type { OutboxMessage, SaveStatus, StorageWarning } from './types.js';

const CONVERSATION = '0199c0de-0000-7000-8000-00000000000c';
const idOf = (number: number): string => `0199c0de-0000-7000-8000-${String(number).padStart(12, '0')}`;
const message = (number: number, content = `message ${number}`): OutboxMessage => ({
  id: idOf(number),
  parentId: number > 1 ? idOf(number - 1) : null,
  role: 'user',
  content,
});

describe('one tab', () => {
  it('stores a message, makes its conversation, sends it and tells each state', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open({ headers: () => ({ authorization: 'Bearer test' }) });
    const told: SaveStatus['state'][] = [];
    client.persistence.subscribe(({ state }) => told.push(state));
    await client.persistence.queueMessage(message(1), CONVERSATION, { title: 'Garden' });
    expect(client.persistence.status(idOf(1))?.state).not.toBe('storing');
    await browser.settle();
    expect(told).toEqual(['queued', 'sending', 'saved']);
    expect(client.persistence.status(idOf(1))).toMatchObject({ state: 'saved', seq: 1 });
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
    const [create, append] = browser.server.requests;
    expect(create).toMatchObject({ path: '/conversation/create', body: { id: CONVERSATION, title: 'Garden' } });
    expect(append).toMatchObject({ path: '/message/append', keepalive: true, body: { deviceId: client.persistence.deviceId } });
    expect(append!.headers.authorization).toBe('Bearer test');
    expect(append!.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  it('sends a message in the trace in which it was written, and takes nothing that is none', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    const trace = `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`;
    await client.persistence.queueMessage(message(1), CONVERSATION, { title: 'Garden' }, trace);
    await browser.settle();
    expect(browser.server.requests.map(({ headers }) => headers.traceparent)).toEqual([trace, trace]);
    await expect(client.persistence.queueMessage(message(2), CONVERSATION, undefined, 'trace')).rejects.toThrow(InvalidItem);
  });

  it('keeps what the server does not take and sends it after a restart, once and in order', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    const first = await browser.open();
    for (const number of [1, 2, 3]) await first.client.persistence.queueMessage(message(number), CONVERSATION);
    await browser.settle();
    expect(first.client.persistence.getQueueStatus()).toMatchObject({ queued: 0, waiting: 3, storage: 'durable', isSender: true });
    first.tab.kill();

    browser.server.behave = () => 'answer';
    const second = await browser.open();
    expect(second.client.persistence.deviceId).toBe(first.client.persistence.deviceId);
    await browser.pass(120_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([1, 2, 3].map(idOf));
    expect(second.client.persistence.items()).toEqual([]);
  });

  it('sends nothing while the browser knows of no network, and lets everything be changed meanwhile', async () => {
    const browser = new FakeBrowser();
    browser.isOffline = true;
    const { client, tab } = await browser.open();
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.pass(60_000);
    expect(browser.server.requests).toEqual([]);
    expect(client.persistence.items()[0]).toMatchObject({ state: 'waiting', mayBeSent: false });
    await client.persistence.replace(idOf(1), { ...message(1), content: 'better' });
    browser.isOffline = false;
    tab.awake();
    await browser.pass(10_000);
    expect(browser.server.contents.get(idOf(1))).toBe('better');
  });

  it('tells of records that cannot be read, and keeps them', async () => {
    const browser = new FakeBrowser();
    const first = await browser.open();
    browser.server.behave = () => 'unreachable';
    await first.client.persistence.queueMessage(message(1), CONVERSATION);
    first.tab.kill();
    await browser.changeRecords('items', () => '{"version":99,"record":{}}');
    const second = await browser.open();
    const warnings: StorageWarning[] = [];
    second.client.persistence.subscribeWarnings((warning) => warnings.push(warning));
    expect(warnings).toMatchObject([{ code: 'set_aside', name: 'manent/set_aside', records: 1, text: '{"version":99,"record":{}}' }]);
    expect(second.client.persistence.items()).toEqual([]);
    expect(await browser.recordsOf('set_aside')).toMatchObject([{ key: idOf(1), from: 'items', record: '{"version":99,"record":{}}' }]);
  });

  it('leaves the database of a newer version alone and says so', async () => {
    const browser = new FakeBrowser();
    await browser.makeNewerDatabase();
    const { client } = await browser.open();
    const warnings: StorageWarning[] = [];
    client.persistence.subscribeWarnings((warning) => warnings.push(warning));
    expect(warnings).toMatchObject([{ code: 'set_aside', name: 'manent', records: 1 }]);
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.settle();
    expect(client.persistence.getQueueStatus().storage).toBe('durable');
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });

  it('takes no more items than it was told to, and goes on when one is saved', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    const { client } = await browser.open({ maxItems: 2 });
    for (const number of [1, 2]) await client.persistence.queueMessage(message(number), CONVERSATION);
    const other = await browser.open({ maxItems: 2 });
    for (const tab of [client, other.client]) await expect(tab.persistence.queueMessage(message(3), CONVERSATION)).rejects.toBeInstanceOf(OutboxFull);
    browser.server.behave = () => 'answer';
    await browser.pass(60_000);
    await other.client.persistence.queueMessage(message(3), CONVERSATION);
    await browser.settle();
    expect(browser.server.storedIn(CONVERSATION)).toEqual([1, 2, 3].map(idOf));
  });

  it('works from memory and says so where the store cannot be read, and leaves it as it is', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    const first = await browser.open();
    await first.client.persistence.queueMessage(message(1), CONVERSATION);
    first.tab.kill();
    browser.server.behave = () => 'answer';
    const mend = browser.refuseReads('items');
    const second = await browser.open();
    const warnings: StorageWarning[] = [];
    second.client.persistence.subscribeWarnings((warning) => warnings.push(warning));
    expect(warnings).toMatchObject([{ code: 'memory_only', detail: expect.stringContaining('cannot be read') as string }]);
    await second.client.persistence.queueMessage({ ...message(2), parentId: null }, CONVERSATION);
    await browser.pass(10_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(2)]);
    expect(second.client.persistence.getQueueStatus()).toMatchObject({ storage: 'memory', isSender: true });
    mend();
    const third = await browser.open();
    expect(third.client.persistence.deviceId).toBe(first.client.persistence.deviceId);
    await browser.pass(10_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(2), idOf(1)]);
  });

  it('sends from memory while the device refuses, says so in every tab, and stores what is left when the device takes it', async () => {
    const browser = new FakeBrowser();
    const { client, tab } = await browser.open();
    const other = await browser.open();
    await browser.pass(1_000);
    const warnings: string[] = [];
    client.persistence.subscribeWarnings(({ code }) => warnings.push(code));
    const allow = browser.refuseWrites();
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.pass(5_000);
    expect(client.persistence.status(idOf(1))?.state).toBe('saved');
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
    browser.server.behave = () => 'unreachable';
    await client.persistence.queueMessage(message(2), CONVERSATION);
    await browser.pass(20_000);
    const refusing = { isStorageRefusing: true, storage: 'memory' };
    expect([client.persistence.getQueueStatus(), other.client.persistence.getQueueStatus()]).toMatchObject([refusing, refusing]);
    expect(warnings).toEqual(['refused']);
    allow();
    await browser.pass(6_000);
    expect([client.persistence.getQueueStatus(), other.client.persistence.getQueueStatus()]).toMatchObject([
      { isStorageRefusing: false, storage: 'durable' },
      { isStorageRefusing: false, storage: 'durable' },
    ]);
    // It is on the device now: another tab goes on with it.
    tab.kill();
    browser.server.behave = () => 'answer';
    await browser.pass(120_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1), idOf(2)]);
  });

  it('shows a message of a tab that does not send as not stored while the device refuses, and stores it when it can', async () => {
    const browser = new FakeBrowser();
    await browser.open();
    const { client } = await browser.open();
    await browser.pass(1_000);
    const allow = browser.refuseWrites();
    const queued = client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.pass(5_000);
    expect(client.persistence.status(idOf(1))).toMatchObject({ state: 'storing', reason: { code: 'storage_refused' } });
    expect(client.persistence.getQueueStatus().isStorageRefusing).toBe(true);
    expect(browser.server.requests).toEqual([]);
    allow();
    await browser.pass(120_000);
    await queued;
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });

  it('sends again when the answer was lost, and nothing is stored twice', async () => {
    const browser = new FakeBrowser();
    let isLost = true;
    browser.server.behave = () => {
      const behaviour = isLost ? 'answerLost' : 'answer';
      isLost = false;
      return behaviour;
    };
    const { client } = await browser.open();
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.pass(10_000);
    expect(client.persistence.status(idOf(1))?.state).toBe('saved');
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });
});
