import { Window } from 'happy-dom';
import { act, createElement, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeBrowser } from '../testing/fakeBrowser.js';
import type { OutboxMessage, PersistenceService, QueueStatus, SaveStatus } from '../types.js';
import { useOutboxItems, useQueueStatus, useSaveStatus } from './index.js';

const CONVERSATION = '0199c0de-0000-7000-8000-00000000000c';
const idOf = (number: number): string => `0199c0de-0000-7000-8000-${String(number).padStart(12, '0')}`;
const message = (number: number): OutboxMessage => ({ id: idOf(number), parentId: null, role: 'user', content: `message ${number}` });

/** Shows what `read` gives; tells how often it was drawn, and the way to take it off the page. */
async function show<T>(read: () => T) {
  const drawn: T[] = [];
  function Shown(): ReactNode {
    drawn.push(read());
    return JSON.stringify(drawn.at(-1));
  }
  const place = document.createElement('div');
  const root = createRoot(place);
  await act(async () => root.render(createElement(Shown)));
  const shown = () => JSON.parse(place.textContent ?? '') as unknown;
  return { drawn, shown, redraw: () => act(async () => root.render(createElement(Shown))), remove: () => act(async () => root.unmount()) };
}

beforeEach(() => {
  const window = new Window();
  vi.stubGlobal('window', window);
  vi.stubGlobal('document', window.document);
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
});

afterEach(() => vi.unstubAllGlobals());

describe('the binding for React', () => {
  it('shows where a message stands, from its queueing to the server', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    const { drawn, shown } = await show(() => useSaveStatus(client.persistence, idOf(1)));
    expect(shown()).toBe(null);
    await act(async () => {
      await client.persistence.queueMessage(message(1), CONVERSATION);
      await browser.settle();
    });
    expect(shown()).toEqual(client.persistence.status(idOf(1)));
    expect(drawn.at(-1)).toMatchObject({ state: 'saved', seq: 1 });
  });

  it('draws nothing anew for another message, and goes over to another one when told to', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    let id = idOf(1);
    const { drawn, shown, redraw } = await show(() => useSaveStatus(client.persistence, id));
    await act(async () => {
      await client.persistence.queueMessage(message(2), CONVERSATION);
      await browser.settle();
    });
    expect(drawn).toEqual([null]);
    id = idOf(2);
    await redraw();
    expect(shown()).toMatchObject({ messageId: idOf(2), state: 'saved' });
  });

  it('shows the queue and what is in it, each as the same object while it says the same', async () => {
    const browser = new FakeBrowser();
    browser.server.behave = () => 'unreachable';
    const { client } = await browser.open();
    const queue = await show(() => useQueueStatus(client.persistence));
    const items = await show(() => useOutboxItems(client.persistence));
    expect([queue.drawn.at(-1), items.shown()]).toEqual([client.persistence.getQueueStatus(), []]);
    await act(async () => {
      await client.persistence.queueMessage(message(1), CONVERSATION);
      await browser.settle();
    });
    expect(queue.drawn.at(-1)).toMatchObject({ waiting: 1, isSender: true });
    expect(items.shown()).toMatchObject([{ messageId: idOf(1), state: 'waiting', message: { content: 'message 1' } }]);
    const before = [queue.drawn.at(-1), items.drawn.at(-1)];
    await queue.redraw();
    await items.redraw();
    expect([queue.drawn.at(-1), items.drawn.at(-1)].map((value, place) => value === before[place])).toEqual([true, true]);
    browser.server.behave = () => 'answer';
    await act(async () => browser.pass(60_000));
    expect([queue.drawn.at(-1), items.shown()]).toEqual([client.persistence.getQueueStatus(), []]);
  });

  it('listens as long as it is shown', async () => {
    const listeners = new Set<unknown>();
    const listen = (listener: unknown) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    };
    const persistence = { subscribe: listen, subscribeStatus: listen, status: () => null, getQueueStatus: () => ({}) as QueueStatus, items: () => [] } as unknown as PersistenceService;
    const { remove } = await show(() => [useSaveStatus(persistence, idOf(1)), useQueueStatus(persistence), useOutboxItems(persistence)]);
    expect(listeners.size).toBe(3);
    await remove();
    expect(listeners.size).toBe(0);
  });

  it('draws on a server, too', () => {
    const status = { state: 'queued' } as SaveStatus;
    const persistence = { status: () => status } as unknown as PersistenceService;
    const Shown = (): ReactNode => useSaveStatus(persistence, idOf(1))?.state;
    expect(renderToString(createElement(Shown))).toBe('queued');
  });
});
