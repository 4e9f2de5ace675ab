import { describe, expect, it } from 'vitest';
import { FakeBrowser } from '../testing/fakeBrowser.js';
import type { ManentClient, OutboxMessage } from '../types.js';

const CONVERSATION = '0199c0de-0000-7000-8000-00000000000c';
const OTHER = '0199c0de-0000-7000-8000-00000000000d';
const idOf = (number: number): string => `0199c0de-0000-7000-8000-${String(number).padStart(12, '0')}`;
const message = (number: number): OutboxMessage => ({
  id: idOf(number),
  parentId: number > 1 ? idOf(number - 1) : null,
  role: number % 2 === 1 ? 'user' : 'assistant',
  content: `message ${number}`,
});
/** As the server tells of it. */
const stored = (number: number, change: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...message(number),
  conversationId: CONVERSATION,
  seq: number,
  content: [{ text: `message ${number}`, type: 'text' }],
  status: 'complete',
  createdAt: '2026-11-21T12:00:00Z',
  ...change,
});

const statesOf = (client: ManentClient, ...numbers: number[]) => numbers.map((number) => client.persistence.status(idOf(number))?.state);

/** Three messages, each below the one before, the first of which the server refuses; yet it has it. */
async function refused(browser: FakeBrowser, client: ManentClient): Promise<void> {
  browser.server.rejected.set(idOf(1), 'content_empty');
  for (const number of [1, 2, 3]) await client.persistence.queueMessage(message(number), CONVERSATION);
  await browser.settle();
  expect(statesOf(client, 1, 2, 3)).toEqual(['failed', 'failed', 'failed']);
  browser.server.stored.set(CONVERSATION, [idOf(1)]);
}

describe('an item that was refused, and that the server has', () => {
  it('is saved as soon as the feed tells of it, and what it blocked follows', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    const follower = await browser.open();
    client.feed.subscribe(() => undefined);
    await refused(browser, client);
    browser.server.tell('message', stored(1));
    await browser.pass(60_000);
    expect(client.persistence.status(idOf(1))).toMatchObject({ state: 'saved', seq: 1, reason: null });
    for (const tab of [client, follower.client]) expect(statesOf(tab, 1, 2, 3)).toEqual(['saved', 'saved', 'saved']);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([1, 2, 3].map(idOf));
    expect(await browser.recordsOf('items')).toEqual([]);
  });

  it('is saved when any tab reads it from the server', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    const follower = await browser.open();
    await refused(browser, client);
    follower.client.cache.putMessages(CONVERSATION, [stored(1)]);
    await browser.pass(60_000);
    expect(statesOf(follower.client, 1, 2, 3)).toEqual(['saved', 'saved', 'saved']);
  });

  it('is saved when it is an answer that the server stored itself, whichever was heard first, and whatever this device has of it', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    client.feed.subscribe(() => undefined);
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.settle();
    browser.server.tell('message', stored(2, { runId: idOf(9), content: [] }));
    await browser.settle();
    browser.server.rejected.set(idOf(2), 'content_empty');
    await client.persistence.queueMessage(message(2), CONVERSATION);
    await browser.settle();
    expect(client.persistence.status(idOf(2))).toMatchObject({ state: 'saved', seq: 2 });
  });

  it('is saved also when it was thrown away', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    client.feed.subscribe(() => undefined);
    await refused(browser, client);
    await client.persistence.discard(idOf(1));
    browser.server.tell('message', stored(1));
    await browser.pass(60_000);
    expect(statesOf(client, 1, 2, 3)).toEqual(['saved', 'saved', 'saved']);
  });

  it.each([
    ['says something else', stored(1, { content: [{ type: 'text', text: 'another' }] })],
    ['was changed meanwhile', stored(1, { content: [], deletedAt: '2026-11-21T12:00:00Z' })],
    ['is of another role', stored(1, { role: 'system' })],
    ['stands elsewhere', stored(1, { parentId: idOf(7) })],
    ['is of another conversation', stored(1, { conversationId: OTHER })],
    ['has no place yet', stored(1, { seq: null })],
    ['is still being written', stored(1, { runId: idOf(9), status: 'running' })],
    ['has another id', stored(1, { id: idOf(8) })],
    ['makes no sense', stored(1, { id: 5 })],
  ])('stays where it is when what the server has %s', async (_what, told) => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    client.feed.subscribe(() => undefined);
    await refused(browser, client);
    browser.server.tell('message', told);
    await browser.pass(60_000);
    expect(statesOf(client, 1, 2, 3)).toEqual(['failed', 'failed', 'failed']);
  });
});

describe('an item that waits, and that the server has', () => {
  it('is sent once more, and is saved by that', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    client.feed.subscribe(() => undefined);
    browser.server.behave = ({ path }) => (path === '/message/append' ? 'answerLost' : 'answer');
    await client.persistence.queueMessage(message(1), CONVERSATION);
    await browser.settle();
    browser.server.tell('message', stored(1));
    await browser.settle();
    expect(statesOf(client, 1)).toEqual(['waiting']);
    browser.server.behave = () => 'answer';
    await browser.pass(60_000);
    expect(statesOf(client, 1)).toEqual(['saved']);
    expect(browser.server.storedIn(CONVERSATION)).toEqual([idOf(1)]);
  });
});
