// @vitest-environment happy-dom
import type { OutboxItem } from '@manent/client';
import { beforeEach, expect, it } from 'vitest';
import { initialState, useStore } from '../state/store';
import { moveToNewChat } from './newChat';
import { setUp, waitFor } from './testing/fakePage';

const item = (id: string, parentId: string | null, more: Partial<OutboxItem['message']> = {}, conversationId = 'c'): OutboxItem => ({
  messageId: id,
  conversationId,
  state: 'failed',
  reason: { code: 'conversation_not_found', detail: '' },
  until: null,
  seq: null,
  queuedAt: 1_000,
  mayBeSent: true,
  message: { id, parentId, role: 'user', content: [{ type: 'text', text: id }], createdAt: '2026-01-01T00:00:00.000Z', ...more },
});

/** The tray with these items, beside the page's services. */
function withTray(...items: OutboxItem[]) {
  const page = setUp();
  const discarded: string[] = [];
  const dependencies = { ...page, store: useStore, items: () => items, discard: async (id: string) => void discarded.push(id) };
  return { ...page, discarded, move: (id: string) => moveToNewChat(id, dependencies) };
}

beforeEach(() => useStore.setState(initialState, true));

it('puts a message with all that follows it into a new chat, asks for the missing answer, and lets go of the old ones', async () => {
  useStore.setState({ conversations: {} });
  const { move, queued, discarded, shown, feed } = withTray(
    item('above', null),
    item('q1', 'above'),
    item('a1', 'q1', { role: 'assistant', status: 'stopped', model: 'm' }),
    item('q2', 'a1'),
    item('other', 'above'),
    item('elsewhere', 'q2', {}, 'd'),
  );
  const conversationId = await move('q1');
  expect(shown(conversationId).map(([role, text, status]) => [role, text, status])).toEqual([
    ['user', 'q1', 'complete'],
    ['assistant', 'a1', 'stopped'],
    ['user', 'q2', 'complete'],
    ['assistant', '', 'running'],
  ]);
  expect(queued.map((message) => [message.conversationId, message.parentId, message.role, message.model])).toEqual([
    [conversationId, null, 'user', undefined],
    [conversationId, queued[0]!.id, 'assistant', 'm'],
    [conversationId, queued[1]!.id, 'user', undefined],
  ]);
  expect(discarded).toEqual(['q1', 'a1', 'q2']);
  expect((await feed(0)).request.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  expect(useStore.getState().conversations[conversationId]?.title).toBe('q1');
});

it('lets go of nothing while the device has not taken the new ones', async () => {
  const { move, discarded, outbox } = withTray(item('q1', null));
  outbox.queueMessage = () => Promise.reject(new Error('full'));
  await expect(move('q1')).rejects.toThrow('full');
  await waitFor(() => true);
  expect(discarded).toEqual([]);
});
