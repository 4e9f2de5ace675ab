import { describe, expect, it } from 'vitest';
import { FakeBrowser } from './testing/fakeBrowser.js';
import type { OutboxMessage, SaveStatus } from './types.js';

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
