import { beforeEach, describe, expect, it } from 'vitest';
import type { ManentClient, OutboxItem, OutboxMessage, QueueStatus, SaveState, SaveStatus } from '@manent/client';
import { ApiClient } from '../api/client';
import { textOf } from '../core/messages';
import { changeThread } from '../state/actions';
import { initialState, useStore } from '../state/store';
import type { AnswerService } from './answerService';
import { ConversationService } from './conversationService';
import { OutboxService } from './outboxService';

const queue: QueueStatus = {
  storing: 0,
  queued: 0,
  sending: 0,
  waiting: 0,
  failed: 0,
  oldestQueuedAt: null,
  breaker: 'closed',
  nextTryAt: null,
  isPausedForSignIn: false,
  storage: 'durable',
  isStorageRefusing: false,
  isSender: true,
};

const item = (id: string, state: SaveState, message: Partial<OutboxMessage> = {}, create?: OutboxItem['create']): OutboxItem => ({
  ...(create ? { create } : {}),
  messageId: id,
  conversationId: 'c',
  state,
  reason: null,
  until: null,
  seq: null,
  queuedAt: 1_000,
  mayBeSent: false,
  message: { id, parentId: null, role: 'user', content: [{ type: 'text', text: id }], createdAt: '2026-01-01T00:00:00.000Z', ...message },
});

/** The page's side beside an outbox that holds what the test puts into it. */
function setUp(...items: OutboxItem[]) {
  const calls: unknown[][] = [];
  let tell: (status: SaveStatus) => void = () => undefined;
  let tellQueue: (status: QueueStatus) => void = () => undefined;
  const called = (name: string) => (...parameters: unknown[]) => {
    calls.push([name, ...parameters]);
    return Promise.resolve();
  };
  const persistence = {
    items: () => items,
    status: (id: string) => items.find(({ messageId }) => messageId === id) ?? null,
    getQueueStatus: () => queue,
    subscribe: (listener: typeof tell) => ((tell = listener), () => undefined),
    subscribeStatus: (listener: typeof tellQueue) => ((tellQueue = listener), () => undefined),
    subscribeWarnings: () => () => undefined,
    retry: called('retry'),
    // As with the engine: when it is done, everybody was told.
    withdraw: async (id: string) => {
      calls.push(['withdraw', id]);
      for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
    },
    signedIn: called('signedIn'),
  };
  const client = { persistence, answers: { signedIn: called('answers.signedIn') }, feed: { tryNow: called('feed.tryNow') } } as unknown as ManentClient;
  const conversations = new ConversationService(new ApiClient('', () => new Promise(() => undefined)), useStore, { newId: () => 'new', newTrace: () => 'trace', now: () => new Date(0) });
  const answers = { cancelWaitingFor: called('cancelWaitingFor'), answer: called('answer') } as unknown as AnswerService;
  const signIn = { isDone: false };
  const checkSignIn = () => (signIn.isDone ? Promise.resolve() : Promise.reject(new Error('nobody')));
  const service = new OutboxService({ client, store: useStore, conversations, answers, checkSignIn, now: () => 2_000 });
  const change = async (changed: OutboxItem) => {
    const place = items.findIndex(({ messageId }) => messageId === changed.messageId);
    if (changed.state === 'saved') items.splice(place, 1);
    else if (place < 0) items.push(changed);
    else items[place] = changed;
    tell(changed);
    await Promise.resolve();
  };
  const shown = () => [...useStore.getState().threads['c']!.messages.values()].map(({ id, content, seq }) => [id, textOf(content), seq]);
  return { service, conversations, calls, change, shown, signIn, tellQueue: (status: Partial<QueueStatus>) => tellQueue({ ...queue, ...status }) };
}

describe('OutboxService', () => {
  beforeEach(() => {
    useStore.setState(initialState, true);
    changeThread(useStore, 'c', { status: 'ready' });
  });

  it('shows what this device holds in its conversation, and a conversation that only this device has', () => {
    const { conversations, shown } = setUp(item('m1', 'queued', {}, { title: 'Plan', config: { model: 'x' } }), item('m2', 'failed'));
    expect(shown()).toEqual([
      ['m1', 'm1', null],
      ['m2', 'm2', null],
    ]);
    expect(useStore.getState().conversations['c']).toMatchObject({ title: 'Plan', config: { model: 'x' } });
    expect(conversations.newConversation('c')).toEqual({ config: { model: 'x' } });
    expect(useStore.getState().saves.get('m1')).toEqual({ conversationId: 'c', state: 'queued', reason: null, until: null, since: 1_000, mayBeSent: false });
    expect(useStore.getState().tray.map(({ messageId }) => messageId)).toEqual(['m2']);
  });

  it('takes a saved message out of the marks and gives it its place', async () => {
    const { conversations, change, shown } = setUp(item('m1', 'queued', {}, {}));
    await change({ ...item('m1', 'sending'), mayBeSent: true });
    expect(useStore.getState().saves.get('m1')).toMatchObject({ state: 'sending', mayBeSent: true, since: 1_000 });
    await change({ ...item('m1', 'saved'), seq: 4 });
    expect([...useStore.getState().saves.values()]).toEqual([]);
    expect(shown()).toEqual([['m1', 'm1', 4]]);
    expect(conversations.newConversation('c')).toBeUndefined();
  });

  it('shows what another tab has queued, and a conversation that it has begun', async () => {
    const { conversations, change, shown } = setUp();
    await change(item('other', 'queued', {}, { config: { model: 'x' } }));
    expect(shown()).toEqual([['other', 'other', null]]);
    expect(conversations.newConversation('c')).toEqual({ config: { model: 'x' } });
  });

  it('takes a withdrawn message out of its conversation and shows it again when it is sent after all', async () => {
    const { service, calls, change, shown } = setUp(item('m1', 'queued'));
    await service.withdraw('m1');
    await change({ ...item('m1', 'failed'), reason: { code: 'withdrawn', detail: '' } });
    await change(item('m2', 'queued'));
    expect(shown().map(([id]) => id)).toEqual(['m2']);
    expect(useStore.getState().tray.map(({ messageId }) => messageId)).toEqual(['m1']);
    await change(item('m1', 'queued'));
    expect(shown().map(([id]) => id)).toEqual(['m2', 'm1']);
    expect(useStore.getState().tray).toEqual([]);
    expect(calls).toEqual([
      ['withdraw', 'm1'],
      ['cancelWaitingFor', 'm1'],
    ]);
  });

  it('puts what follows a message that is taken back below the one before it', async () => {
    const { service, calls, change, shown } = setUp(item('m1', 'queued'), item('m2', 'queued', { parentId: 'm1' }), item('m3', 'queued', { parentId: 'm2' }));
    const taking = service.withdraw('m2');
    await change({ ...item('m2', 'failed', { parentId: 'm1' }), reason: { code: 'withdrawn', detail: '' } });
    await change({ ...item('m3', 'failed', { parentId: 'm2' }), reason: { code: 'blocked', detail: '', blockedBy: 'm2' } });
    expect(shown().map(([id]) => id)).toEqual(['m1']);
    await taking;
    expect(calls).toContainEqual(['retry', 'm3', { ...item('m3', 'queued').message, parentId: 'm1' }]);
    expect(calls.at(-1)).toEqual(['answer', { conversationId: 'c', parentId: 'm3' }]);
  });

  it('asks for the answer to the message before one that is taken back, which had given way to that', async () => {
    const { service, calls, change } = setUp(item('m1', 'waiting'), item('m2', 'waiting', { parentId: 'm1' }));
    const taking = service.withdraw('m2');
    await change({ ...item('m2', 'failed', { parentId: 'm1' }), reason: { code: 'withdrawn', detail: '' } });
    await taking;
    expect(calls.at(-1)).toEqual(['answer', { conversationId: 'c', parentId: 'm1' }]);
  });

  it('asks for no answer that the person did not want', async () => {
    const { service, calls, change } = setUp(item('m1', 'waiting'), item('m2', 'waiting', { parentId: 'm1' }));
    useStore.setState({ problems: { m1: { code: 'stopped', detail: '' } } });
    const taking = service.withdraw('m2');
    await change({ ...item('m2', 'failed', { parentId: 'm1' }), reason: { code: 'withdrawn', detail: '' } });
    await taking;
    expect(calls.map(([name]) => name)).not.toContain('answer');
  });

  it('leaves out what follows a message that is gone for good: it would hide all that is saved', () => {
    const blocked = { ...item('m2', 'failed', { parentId: 'm1' }), reason: { code: 'blocked', detail: '', blockedBy: 'm1' } };
    const { shown } = setUp(blocked, item('m3', 'failed', { parentId: 'm2' }), item('m4', 'queued'));
    expect(shown().map(([id]) => id)).toEqual(['m4']);
    expect(useStore.getState().tray.map(({ messageId }) => messageId)).toEqual(['m2', 'm3']);
  });

  it('moves a refused message below the nearest one that the server has', async () => {
    const { service, calls } = setUp(item('m3', 'failed', { parentId: 'm2' }));
    const message = (id: string, parentId: string | null, seq: number | null) => ({ id, conversationId: 'c', parentId, seq, role: 'user' as const, content: [], status: 'complete' as const, createdAt: '', storedAt: null });
    changeThread(useStore, 'c', { messages: new Map([message('m1', null, 1), message('m2', 'm1', null)].map((entry) => [entry.id, entry])) });
    await service.moveToNewBranch('m3');
    expect(calls).toEqual([
      ['retry', 'm3', { ...item('m3', 'failed').message, parentId: 'm1' }],
      ['answer', { conversationId: 'c', parentId: 'm3' }],
    ]);
  });

  it('goes on only when the server says that somebody is signed in', async () => {
    const { service, calls, signIn, tellQueue } = setUp();
    tellQueue({ isPausedForSignIn: true });
    expect(useStore.getState().signInNeeded).toBe(true);
    service.signedInAgain();
    await Promise.resolve();
    expect(calls).toEqual([]);
    signIn.isDone = true;
    service.signedInAgain();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(calls.map(([name]) => name)).toEqual(['signedIn', 'answers.signedIn', 'feed.tryNow']);
    expect(useStore.getState().signInNeeded).toBe(false);
  });
});
