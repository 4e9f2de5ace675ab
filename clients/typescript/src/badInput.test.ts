import { openDB } from 'idb';
import { describe, expect, it } from 'vitest';
import { InvalidItem, TooLarge } from './errors.js';
import { FakeBrowser } from './testing/fakeBrowser.js';
import type { OutboxMessage } from './types.js';

const CONVERSATION = '0199c0de-0000-7000-8000-00000000000c';
const idOf = (number: number): string => `0199c0de-0000-7000-8000-${String(number).padStart(12, '0')}`;
const message = (number: number, parent: number | null = null): OutboxMessage => ({
  id: idOf(number),
  parentId: parent === null ? null : idOf(parent),
  role: 'user',
  content: `message ${number}`,
});

/** A value in so many arrays. */
const nested = (depth: number): unknown => (depth === 0 ? 'deep' : [nested(depth - 1)]);

describe('a message that cannot be queued', () => {
  it.each([
    ['an id that is none', { ...message(1), id: 'one' }, CONVERSATION],
    ['an id in another form', { ...message(10), id: idOf(10).toUpperCase() }, CONVERSATION],
    ['a conversation that is none', message(1), 'garden'],
    ['a parent that is none', { ...message(1), parentId: '7' }, CONVERSATION],
    ['content that is no JSON', { ...message(1), content: 7n }, CONVERSATION],
    ['content too deeply nested to be read again', { ...message(1), content: nested(124) }, CONVERSATION],
  ])('is refused, and leaves nothing behind: %s', async (_what, wrong, conversation) => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    for (const _time of [1, 2]) await expect(client.persistence.queueMessage(wrong as OutboxMessage, conversation)).rejects.toThrow(InvalidItem);
    expect(client.persistence.items()).toEqual([]);
    await client.persistence.queueMessage(message(2), CONVERSATION);
    await browser.settle();
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(2)]);
  });

  it('is one with half a character no more: that half is replaced', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    await client.persistence.queueMessage({ ...message(1), content: [{ type: 'text', text: 'cut \ud83d, whole \u{1f600}, written \\ud83d' }] }, CONVERSATION);
    await browser.settle();
    expect(browser.server.contents.get(idOf(1))).toEqual([{ type: 'text', text: 'cut \ufffd, whole \u{1f600}, written \\ud83d' }]);
  });
});

describe('a message in a new form', () => {
  it('is refused in every tab for the same reason', async () => {
    const browser = new FakeBrowser();
    browser.isOffline = true;
    const tabs = [await browser.open(), await browser.open()];
    await tabs[0]!.client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.settle();
    for (const { client } of tabs) await expect(client.persistence.replace(idOf(1), { ...message(1), parentId: '7' })).rejects.toBeInstanceOf(InvalidItem);
    for (const { client } of tabs) await expect(client.persistence.replace(idOf(1), { ...message(1), content: nested(124) })).rejects.toBeInstanceOf(InvalidItem);
    expect(tabs[1]!.client.persistence.items()).toMatchObject([{ message: message(1), state: 'waiting' }]);
    await tabs[1]!.client.persistence.withdraw(idOf(1));
    for (const { client } of tabs) await expect(client.persistence.retry(idOf(1), { ...message(1), content: 'x'.repeat(2_100_000) })).rejects.toBeInstanceOf(TooLarge);
    expect(tabs[1]!.client.persistence.items()).toMatchObject([{ message: message(1), state: 'failed', reason: { code: 'withdrawn' } }]);
  });

  it('is taken when it is too large for any server, and fails at once', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    await client.persistence.queueMessage({ ...message(1), content: 'x'.repeat(2_100_000) }, CONVERSATION);
    expect(client.persistence.status(idOf(1))).toMatchObject({ state: 'failed', reason: { code: 'too_large' } });
  });
});

describe('what the device keeps', () => {
  const change = async (work: (database: { put(store: string, value: unknown): Promise<unknown>; get(store: string, key: string): Promise<{ record: string }> }) => Promise<unknown>): Promise<void> => {
    const database = await openDB('manent');
    await work(database as never);
    database.close();
  };

  it.each([
    ['items', { key: idOf(7), record: 5 }],
    ['items', { key: idOf(7) }],
    ['others', { key: 'pace', record: { version: 1 } }],
    ['answers', { key: idOf(8), record: 5 }],
  ])('in a record of %s that is no text is put aside as it is', async (store, record) => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    const first = await browser.open();
    await first.client.persistence.queueMessage(message(1), CONVERSATION);
    first.tab.kill();
    await change((database) => database.put(store, record));
    browser.server.behave = () => 'answer';
    const second = await browser.open();
    await second.client.persistence.queueMessage(message(2), CONVERSATION);
    await browser.pass(10_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([1, 2].map(idOf));
    expect(await browser.recordsOf('set_aside')).toMatchObject([{ ...record, from: store }]);
  });

  it.each([
    ['installation', 5],
    ['installation', 'no device id, and long '.repeat(10)],
    ['epoch', { of: 'what' }],
  ])('about itself and makes no sense is made anew: %s %s', async (key, value) => {
    const browser = new FakeBrowser();
    const first = await browser.open();
    first.tab.kill();
    await change((database) => database.put('meta', { key, value }));
    const second = await browser.open();
    await second.client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.settle();
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });

  it('under a key that makes no sense does not keep other tabs from being served', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    const first = await browser.open();
    await first.client.persistence.queueMessage(message(1), CONVERSATION);
    first.tab.kill();
    await change(async (database) => database.put('items', { ...(await database.get('items', idOf(1))), key: 'nonsense' }));
    browser.server.behave = () => 'answer';
    await browser.open();
    const follower = await browser.open();
    await follower.client.persistence.queueMessage(message(2), CONVERSATION);
    await browser.pass(10_000);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([1, 2].map(idOf));
  });
});

describe('what another script of the same origin says to the tabs', () => {
  const IDS = [idOf(1), 'nonsense', 5, null, { of: 'what' }];
  const LISTS = [undefined, null, 5, 'text', [null], [5], [{}], IDS.map((id) => ({ id })), IDS.map((id) => ({ id, state: { state: 'nonsense' }, mayBeSent: 7 })), IDS];
  const types = ['here', 'whoIsHere', 'stored', 'held', 'leading', 'whoLeads', 'whatAbout', 'about', 'moved', 'command', 'done', 'probeNow', 'signedIn', 'feed', 'wantFeed', 'tryFeed', 'answers', 'of the future'];
  const nonsense = types.flatMap((type) =>
    LISTS.map((list) => ({ type, slot: list, items: list, ids: list, gone: list, contents: list, removed: list, report: list, call: list, command: list, result: list, refusal: list, event: list, cursor: list, wanted: list, ended: list })),
  );

  it('is left alone where it makes no sense', async () => {
    const browser = new FakeBrowser();
    const tabs = [await browser.open(), await browser.open()];
    for (const { client } of tabs) client.feed.subscribe(() => undefined);
    browser.server.behave = () => 'unreachable';
    for (const [place, { client }] of tabs.entries()) await client.persistence.queueMessage(message(place + 1), CONVERSATION);
    await browser.settle();
    const before = tabs.map(({ client }) => client.persistence.items().map(({ messageId, message: { content } }) => [messageId, content]));
    const forger = browser.channel('manent');
    for (const data of [null, 5, 'text', {}, { version: 1 }, { version: 1, message: null }, { version: 1, message: 5 }]) forger.postMessage(data);
    for (const forged of nonsense) forger.postMessage({ version: 1, message: forged });
    await browser.settle();
    expect(tabs.map(({ client }) => client.persistence.items().map(({ messageId, message: { content } }) => [messageId, content]))).toEqual(before);
    browser.server.behave = () => 'answer';
    const third = await browser.open();
    await third.client.persistence.queueMessage(message(3), CONVERSATION);
    await browser.pass(120_000);
    expect([...browser.server.storedIn(CONVERSATION)].sort()).toEqual([1, 2, 3].map(idOf));
  });
});
