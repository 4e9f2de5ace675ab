import { beforeEach, describe, expect, it } from 'vitest';
import { ApiClient } from '../api/client';
import type { Conversation, StoredMessage } from '../api/types';
import { Saves } from '../state/saves';
import { initialState, useStore } from '../state/store';
import { type Copies, ConversationService, noCopies } from './conversationService';

const conversation = (id: string, change: Partial<Conversation> = {}): Conversation => ({
  id,
  title: id,
  titleSource: 'user',
  config: {},
  archived: false,
  pinned: false,
  trashedAt: null,
  lastSeq: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  lastMessageAt: '2026-01-01T00:00:00.000Z',
  ...change,
});

const message = (conversationId: string, seq: number): StoredMessage => ({
  id: `${conversationId}-${seq}`,
  conversationId,
  parentId: null,
  seq,
  role: 'user',
  content: [{ type: 'text', text: `${seq}` }],
  status: 'complete',
  createdAt: '',
  storedAt: '',
});

/** Every request waits until the test answers it. */
function setUp(copies: Partial<Copies> = {}) {
  const waiting: { path: string; trace: string | null; answer: (body: object) => void; fail: () => void; refuse: (status: number, code: string) => void }[] = [];
  const api = new ApiClient(
    '',
    (input, init) =>
      new Promise((resolve, reject) => {
        waiting.push({ path: String(input), trace: new Headers(init?.headers).get('traceparent'), answer: (body) => resolve(Response.json(body)), fail: () => reject(new TypeError('network error')), refuse: (status, code) => resolve(Response.json({ status, code, detail: '' }, { status })) });
      }),
  );
  const service = new ConversationService(api, useStore, { newId: () => 'new', newTrace: () => 'trace', now: () => new Date(0) }, { ...noCopies, ...copies });
  const next = async (part: string) => {
    while (!waiting.some(({ path }) => path.includes(part))) await new Promise((resolve) => setTimeout(resolve, 0));
    return waiting.splice(waiting.findIndex(({ path }) => path.includes(part)), 1)[0]!;
  };
  /** Answers the two requests of a reading. */
  const read = async (id: string, seqs: number[]) => {
    (await next(`/messages`)).answer({ messages: seqs.map((seq) => message(id, seq)), next: null });
    (await next(`/conversation/${id}`)).answer(conversation(id, { lastSeq: seqs.at(-1) ?? 0 }));
  };
  return { service, waiting, next, read };
}

describe('ConversationService', () => {
  beforeEach(() => useStore.setState(initialState, true));

  it('reads a conversation again when somebody asks while it is being read, once', async () => {
    const { service, waiting, read } = setUp();
    const first = service.open('c');
    void service.catchUp('c');
    const third = service.catchUp('c');
    expect(waiting).toHaveLength(2);
    await read('c', [1]);
    await read('c', [1, 2]);
    await Promise.all([first, third]);
    expect([...useStore.getState().threads['c']!.messages.keys()]).toEqual(['c-1', 'c-2']);
    expect(waiting).toEqual([]);
  });

  it('reads a list again when somebody asks while it is being read', async () => {
    const { service, waiting, next } = setUp();
    const reading = service.loadList('main');
    void service.loadList('main');
    expect(waiting).toHaveLength(1);
    (await next('/conversations')).answer({ conversations: [], next: null });
    (await next('/conversations')).answer({ conversations: [conversation('a')], next: null });
    await reading;
    expect(Object.keys(useStore.getState().conversations)).toEqual(['a']);
  });

  it('takes a new conversation as it is told, and looks again after a change of its own that somebody else changed meanwhile', async () => {
    const { service, next } = setUp();
    service.hear(conversation('c'));
    const renaming = service.rename('c', 'Mine');
    service.hear(conversation('c', { pinned: true }));
    expect(useStore.getState().conversations['c']).toMatchObject({ title: 'Mine', pinned: false });
    (await next('/conversation/c')).answer(conversation('c', { title: 'Mine' }));
    await renaming;
    (await next('/conversation/c')).answer(conversation('c', { title: 'Mine', pinned: true }));
    while (!useStore.getState().conversations['c']!.pinned) await new Promise((resolve) => setTimeout(resolve, 0));
    expect(useStore.getState().conversations['c']).toMatchObject({ title: 'Mine', pinned: true });
  });

  it('does not take a copy that is older than what it was told since', async () => {
    const { service, next } = setUp();
    const opening = service.open('c');
    const listing = service.loadList('main');
    const trashed = conversation('c', { trashedAt: '2026-01-02T00:00:00.000Z', updatedAt: '2026-01-02T00:00:00.000Z' });
    service.hear(trashed);
    (await next('/messages')).answer({ messages: [message('c', 1)], next: null });
    (await next('/conversation/c')).answer(conversation('c'));
    (await next('/conversations')).answer({ conversations: [conversation('c')], next: null });
    await Promise.all([opening, listing]);
    expect(useStore.getState().conversations['c']).toEqual(trashed);
  });

  it('lets go of the messages of conversations that were opened long ago, but of none that is unsaved', async () => {
    const { service, read } = setUp();
    useStore.setState({ saves: Saves.of([['m', { conversationId: 'c0', state: 'waiting', reason: null, until: null, since: 0, mayBeSent: false }]]) });
    for (let index = 0; index < 24; index += 1) {
      const opening = service.open(`c${index}`);
      await read(`c${index}`, [1]);
      await opening;
    }
    const kept = Object.keys(useStore.getState().threads);
    expect(kept).toContain('c0');
    expect(kept).not.toContain('c1');
    expect(kept).toContain('c3');
    expect(kept).toHaveLength(22);
  });

  it('shows its copy and what is not saved until the server has told, and keeps it where the server is away', async () => {
    const own = { ...message('c', 9), id: 'own', seq: null, storedAt: null };
    const { service, next, read } = setUp({ messages: async () => [message('c', 7), message('c', 8)], unsaved: () => [own] });
    const opening = service.open('c');
    (await next('/messages')).fail();
    (await next('/conversation/c')).fail();
    await expect(opening).rejects.toThrow('The server cannot be reached.');
    const ids = () => [...useStore.getState().threads['c']!.messages.keys()];
    expect(ids()).toEqual(['c-7', 'c-8', 'own']);
    expect(useStore.getState().threads['c']).toMatchObject({ status: 'ready', isCopy: true });
    const again = service.open('c');
    await read('c', [8, 9]);
    await again;
    // Between the copy and the page there may be messages that this device does not have.
    expect(ids()).toEqual(['own', 'c-8', 'c-9']);
    expect(useStore.getState().threads['c']).toMatchObject({ status: 'ready', isCopy: false });
  });

  it('shows a conversation that only this device has, whatever the server says', async () => {
    let isKnown: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      isKnown = resolve;
    });
    const own = { ...message('c', 1), id: 'own', seq: null, storedAt: null };
    const { service, next } = setUp({ ready, unsaved: () => [own] });
    const opening = service.open('c');
    (await next('/messages')).fail();
    (await next('/conversation/c')).fail();
    service.adopt('c', {}, 0);
    isKnown();
    await opening;
    expect([...useStore.getState().threads['c']!.messages.keys()]).toEqual(['own']);
    expect(useStore.getState().threads['c']!.status).toBe('ready');
  });

  it('remembers what the server told, but no answer that is still being written', async () => {
    const put: string[] = [];
    const { service, next } = setUp({ putMessages: (_, messages) => put.push(...messages.map(({ id }) => id)), putConversations: (conversations) => put.push(...conversations.map(({ id }) => id)) });
    const opening = service.open('c');
    (await next('/messages')).answer({ messages: [message('c', 1), { ...message('c', 2), status: 'running' }], next: null });
    (await next('/conversation/c')).answer(conversation('c', { lastSeq: 2 }));
    await opening;
    expect(put.toSorted()).toEqual(['c', 'c-1']);
  });

  it('keeps showing what this device has of a conversation that the server says it has not, and reads it again when it hears of it', async () => {
    const { service, next, read } = setUp({ messages: async () => [message('c', 1)] });
    const opening = service.open('c');
    const notFound = (part: string) => next(part).then(({ refuse }) => refuse(404, 'conversation_not_found'));
    await Promise.all([notFound('/messages'), notFound('/conversation/c')]);
    await opening;
    expect(useStore.getState().threads['c']).toMatchObject({ status: 'ready', isGone: true });
    expect([...useStore.getState().threads['c']!.messages.keys()]).toEqual(['c-1']);
    service.hear(conversation('c'));
    await read('c', [1, 2]);
    while (useStore.getState().threads['c']!.isGone) await new Promise((resolve) => setTimeout(resolve, 0));
    expect([...useStore.getState().threads['c']!.messages.keys()]).toEqual(['c-1', 'c-2']);
  });

  it('moves a conversation behind what waits to be sent for it, and shows it there until that is done', async () => {
    const moves: unknown[] = [];
    const { service, waiting, next } = setUp({ queueMove: async (...move) => void moves.push(move) });
    useStore.setState({ conversations: { c: conversation('c') }, saves: Saves.of([['m', { conversationId: 'c', state: 'waiting', reason: null, until: null, since: 0, mayBeSent: false }]]) });
    await service.moveToTrash('c');
    expect([moves, waiting]).toEqual([[['new', 'c', 'trash', undefined]], []]);
    const trashed = '1970-01-01T00:00:00.000Z';
    service.hear(conversation('c', { updatedAt: '2027-01-01T00:00:00.000Z' }));
    expect(useStore.getState().conversations['c']!.trashedAt).toBe(trashed);
    service.moveEnded('new');
    (await next('/conversation/c')).answer(conversation('c', { trashedAt: '2027-01-02T00:00:00.000Z', updatedAt: '2027-01-02T00:00:00.000Z' }));
    while (useStore.getState().conversations['c']!.trashedAt !== '2027-01-02T00:00:00.000Z') await new Promise((resolve) => setTimeout(resolve, 0));
  });

  it('queues a move when the server is away, and takes it back when the device cannot keep it', async () => {
    const moves: string[] = [];
    const keeping = setUp({ queueMove: async (_id, _conversation, type) => void moves.push(type) });
    useStore.setState({ conversations: { c: conversation('c') } });
    const moved = keeping.service.moveToTrash('c');
    (await keeping.next('/conversation/c')).fail();
    await moved;
    expect([moves, useStore.getState().conversations['c']!.trashedAt]).toEqual([['trash'], '1970-01-01T00:00:00.000Z']);

    const full = setUp({ queueMove: () => Promise.reject(new Error('full')) });
    useStore.setState({ conversations: { c: conversation('c') } });
    const refused = full.service.moveToTrash('c');
    (await full.next('/conversation/c')).fail();
    await expect(refused).rejects.toThrow('full');
    expect(useStore.getState().conversations['c']!.trashedAt).toBeNull();
  });

  it('takes no list for newer than a change of its own that is under way', async () => {
    const { service, next } = setUp();
    service.hear(conversation('c'));
    const listing = service.loadList('main');
    const removing = service.moveToTrash('c');
    (await next('/conversations')).answer({ conversations: [conversation('c')], next: null });
    await listing;
    expect(useStore.getState().conversations['c']!.trashedAt).not.toBeNull();
    (await next('/conversation/c')).answer(conversation('c', { trashedAt: '2026-01-02T00:00:00.000Z' }));
    await removing;
  });

  it('makes a conversation in the trace in which it was begun, and an adopted one in that of whoever needs it', async () => {
    const { service, next } = setUp();
    service.begin({}, 'Plan', 'its own');
    service.adopt('other', { title: 'Other' }, 0);
    void service.ensureCreated('other', 'who needs it').catch(() => undefined);
    const traces = [(await next('/conversation/create')).trace, (await next('/conversation/create')).trace];
    expect(traces).toEqual(['its own', 'who needs it']);
  });
});
