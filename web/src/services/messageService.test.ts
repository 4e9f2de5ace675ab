// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { ApiClient } from '../api/client';
import type { AppendMessage, CompletionRequest, StoredMessage } from '../api/types';
import { activePath } from '../core/messageTree';
import { textOf } from '../core/messages';
import { changeThread } from '../state/actions';
import { initialState, useStore } from '../state/store';
import { AnswerService } from './answerService';
import { type Copies, ConversationService, noCopies } from './conversationService';
import { MessageService } from './messageService';
import type { AnswerMemory, AnswerState, PendingAnswer } from './persistenceService';
import type { StreamPlaces } from './streamPlaces';

/** A stream that the test feeds, so that it decides what has come when. */
class Feed {
  readonly request: CompletionRequest;
  readonly response: Response;
  private controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(request: CompletionRequest, signal: AbortSignal | null | undefined) {
    this.request = request;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.controller = controller;
      },
    });
    signal?.addEventListener('abort', () => this.controller.error(new DOMException('aborted', 'AbortError')));
    this.response = new Response(body);
  }

  send(event: string, data: object, id?: string): void {
    const place = id === undefined ? '' : `id: ${id}\n`;
    this.controller.enqueue(new TextEncoder().encode(`${place}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  }

  breakOff(): void {
    this.controller.error(new TypeError('network error'));
  }
}

/** The device's memory of answers, as the engine keeps it: what is wanted starts at once, and what failed waits until the test wants it again. */
class Memory implements AnswerMemory {
  readonly wanted = new Map<string, PendingAnswer>();
  private readonly states = new Map<string, AnswerState>();
  private listener: (answer: PendingAnswer, state: AnswerState) => void = () => undefined;

  async want(answer: PendingAnswer): Promise<void> {
    this.wanted.set(answer.runId, answer);
    queueMicrotask(() => this.tell(answer.runId, { state: 'start', attempt: 1 }));
  }

  began(runId: string): void {
    this.states.set(runId, { state: 'running' });
  }

  ended(runId: string): void {
    this.wanted.delete(runId);
    this.states.delete(runId);
  }

  failed(runId: string, { status, code = '' }: { status: number; code?: string }): boolean {
    const isForGood = code.startsWith('provider_') || (status >= 400 && status < 500);
    if (!this.wanted.has(runId) || isForGood) return false;
    queueMicrotask(() => this.tell(runId, { state: 'waiting', reason: { code: 'server_away', detail: '' }, until: null }));
    return true;
  }

  pending(): PendingAnswer[] {
    return [...this.wanted.values()];
  }

  state(runId: string): AnswerState | null {
    return this.states.get(runId) ?? null;
  }

  subscribe(listener: (answer: PendingAnswer, state: AnswerState) => void): () => void {
    this.listener = listener;
    return () => undefined;
  }

  tell(runId: string, state: AnswerState): void {
    const answer = this.wanted.get(runId);
    if (!answer) return;
    this.states.set(runId, state);
    this.listener(answer, state);
  }

  startAll(): void {
    for (const runId of this.wanted.keys()) this.tell(runId, { state: 'start', attempt: 2 });
  }
}

const conversation = (id: string) => ({ id, title: null, titleSource: 'none', config: {}, archived: false, pinned: false, trashedAt: null, lastSeq: 0, createdAt: '', updatedAt: '', lastMessageAt: null });

function setUp(options: { createFails?: boolean; completionStatus?: number; copies?: Partial<Copies>; places?: StreamPlaces } = {}) {
  const feeds: Feed[] = [];
  const calls: string[] = [];
  const runs: Response[] = [];
  const pages: StoredMessage[][] = [];
  const queued: AppendMessage[] = [];
  let count = 0;
  const api = new ApiClient('', async (input, init) => {
    const path = String(input);
    const body = init?.body ? JSON.parse(String(init.body)) : null;
    if (path === '/completion/generate') {
      if (options.completionStatus) return Response.json({ code: 'provider_auth', detail: 'No.' }, { status: options.completionStatus });
      const feed = new Feed(body, init?.signal);
      feeds.push(feed);
      return feed.response;
    }
    if (path.startsWith('/completion/')) {
      calls.push(`${init?.method} ${path}`);
      return runs.shift() ?? Response.json({ code: 'run_not_found', detail: 'No.' }, { status: 404 });
    }
    if (path.endsWith('/messages?order=newest&limit=60')) return Response.json({ messages: pages.shift() ?? [], next: null });
    if (path === '/conversation/create' && options.createFails) throw new TypeError('network error');
    return Response.json(conversation(body?.id ?? path.split('/').at(-1)));
  });
  const environment = { newId: () => `id-${(count += 1)}`, now: () => new Date(1_700_000_000_000 + count * 1000) };
  const outbox = { queueMessage: async (message: AppendMessage) => void (queued.some(({ id }) => id === message.id) || queued.push(message)) };
  const memory = new Memory();
  const conversations = new ConversationService(api, useStore, environment, { ...noCopies, ...options.copies });
  const answers = new AnswerService(api, useStore, conversations, outbox, memory, environment, options.places);
  const service = new MessageService(useStore, conversations, answers, outbox, environment);
  const shown = (id: string) => {
    const thread = useStore.getState().threads[id]!;
    return activePath(thread.messages.values(), thread.choices).map(({ message, siblings }) => [message.role, textOf(message.content), message.status, siblings.length]);
  };
  const ended = (id: string) => waitFor(() => !(id in useStore.getState().answers));
  const feed = async (index: number) => {
    await waitFor(() => feeds.length > index);
    return feeds[index]!;
  };
  return { service, answers, memory, conversations, queued, shown, ended, feed, calls, runs, pages };
}

/** Resolves with the change of the store or the turn of the event loop that makes the condition true. */
async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 0));
}

const delta = (text: string) => ({ type: 'text', text });

describe('MessageService', () => {
  beforeEach(() => useStore.setState(initialState, true));

  it('shows the message at once, generates while nothing is stored, and queues question and answer in order', async () => {
    const { service, queued, shown, ended, feed } = setUp({ createFails: true });
    const { conversationId } = service.sendMessage('Hello');
    expect(shown(conversationId)).toEqual([
      ['user', 'Hello', 'complete', 1],
      ['assistant', '', 'running', 1],
    ]);
    const stream = await feed(0);
    expect(stream.request.messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }]);
    stream.send('start', { provider: 'p', model: 'm' });
    stream.send('delta', delta('Good '));
    stream.send('delta', delta('day'));
    stream.send('done', { finishReason: 'stop' });
    await ended(conversationId);
    expect(shown(conversationId)[1]).toEqual(['assistant', 'Good day', 'complete', 1]);
    expect(queued.map(({ role, parentId, status, model }) => ({ role, parentId, status, model }))).toEqual([
      { role: 'user', parentId: null, status: undefined, model: undefined },
      { role: 'assistant', parentId: queued[0]!.id, status: 'complete', model: 'm' },
    ]);
  });

  it('keeps the partial answer of a stop and of a broken connection', async () => {
    const { service, queued, ended, feed } = setUp();
    const { conversationId } = service.sendMessage('Hello');
    (await feed(0)).send('delta', delta('Half'));
    await waitFor(() => useStore.getState().answers[conversationId]?.text !== '');
    service.stop(conversationId);
    await ended(conversationId);
    service.sendMessage('More', conversationId);
    const second = await feed(1);
    second.send('delta', delta('A bit'));
    await waitFor(() => useStore.getState().answers[conversationId]?.text !== '');
    // The server knows nothing of the run any more.
    second.breakOff();
    await ended(conversationId);
    expect(queued.map((message) => [message.role, message.status, textOf(message.content)])).toEqual([
      ['user', undefined, 'Hello'],
      ['assistant', 'stopped', 'Half'],
      ['user', undefined, 'More'],
      ['assistant', 'interrupted', 'A bit'],
    ]);
  });

  it('lets an answer that has not begun wait for the server, and asks for it again with the same ids', async () => {
    const { service, memory, queued, shown, ended, feed } = setUp();
    const { conversationId } = service.sendMessage('Hello');
    const first = await feed(0);
    first.breakOff();
    await ended(conversationId);
    const answerId = Object.keys(useStore.getState().answersWaiting)[0]!;
    expect(useStore.getState().answersWaiting[answerId]).toEqual({ reason: { code: 'server_away', detail: '' }, until: null });
    expect(shown(conversationId)).toEqual([
      ['user', 'Hello', 'complete', 1],
      ['assistant', '', 'running', 1],
    ]);
    memory.startAll();
    const second = await feed(1);
    expect([second.request.runId, second.request.record]).toEqual([first.request.runId, first.request.record]);
    second.send('delta', delta('Late'));
    second.send('done', { finishReason: 'stop' });
    await ended(conversationId);
    expect(useStore.getState().answersWaiting).toEqual({});
    expect(queued.map(({ id, role }) => [id === answerId, role])).toEqual([
      [false, 'user'],
      [true, 'assistant'],
    ]);
    await waitFor(() => memory.pending().length === 0);
  });

  it('gives up an answer that waits when the person wants none, and offers to ask again', async () => {
    const { service, answers, memory, shown, ended, feed } = setUp();
    const { conversationId, messageId } = service.sendMessage('Hello');
    (await feed(0)).breakOff();
    await ended(conversationId);
    answers.giveUp(Object.keys(useStore.getState().answersWaiting)[0]!);
    expect(shown(conversationId)).toEqual([['user', 'Hello', 'complete', 1]]);
    expect([memory.pending(), useStore.getState().answersWaiting]).toEqual([[], {}]);
    expect(useStore.getState().problems[messageId]?.code).toBe('stopped');
  });

  it('asks for one answer to both when another message is sent before the server is back', async () => {
    const { service, memory, queued, shown, ended, feed } = setUp();
    const { conversationId } = service.sendMessage('First');
    (await feed(0)).breakOff();
    await ended(conversationId);
    service.sendMessage('Second', conversationId);
    expect(shown(conversationId).map(([role, text]) => [role, text])).toEqual([
      ['user', 'First'],
      ['user', 'Second'],
      ['assistant', ''],
    ]);
    expect(memory.pending().map(({ parentId }) => parentId)).toEqual([queued[1]!.id]);
    expect(queued[1]!.parentId).toBe(queued[0]!.id);
    const { request } = await feed(1);
    expect(request.messages.map(({ content }) => content)).toEqual([[{ type: 'text', text: 'First' }], [{ type: 'text', text: 'Second' }]]);
  });

  it('starts an answer also when the browser has no connection to spare, and reads it on when there is one', async () => {
    let give: () => void = () => undefined;
    let given = 0;
    const places: StreamPlaces = {
      tryTake: async () => null,
      take: () =>
        new Promise((resolve) => {
          give = () => resolve(() => (given += 1));
        }),
    };
    const { service, shown, ended, feed, runs, calls } = setUp({ places });
    const { conversationId } = service.sendMessage('Hello');
    const stream = await feed(0);
    stream.send('start', { provider: 'p', model: 'm' }, 'aa.1');
    stream.send('delta', delta('not read here'), 'aa.2');
    runs.push(new Response(`id: aa.2\nevent: delta\ndata: ${JSON.stringify(delta('Read later'))}\n\nid: aa.3\nevent: done\ndata: {"finishReason":"stop"}\n\n`));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(calls).toEqual([]);
    give();
    await ended(conversationId);
    expect(calls).toEqual([`GET /completion/${stream.request.runId}?after=aa.1`]);
    expect(shown(conversationId)[1]).toEqual(['assistant', 'Read later', 'complete', 1]);
    await waitFor(() => given === 1);
  });

  it('puts a cut answer aside while the server is away, and goes on after its last word when it is back', async () => {
    const { service, memory, queued, shown, ended, feed, runs } = setUp();
    const { conversationId } = service.sendMessage('Hello');
    const stream = await feed(0);
    stream.send('delta', delta('One '), 'aa.2');
    await waitFor(() => useStore.getState().answers[conversationId]?.text !== '');
    for (let count = 0; count < 2; count += 1) runs.push(Response.json({ code: 'store_unavailable', detail: 'No.' }, { status: 503 }));
    stream.breakOff();
    await ended(conversationId);
    expect(shown(conversationId)[1]).toEqual(['assistant', 'One ', 'running', 1]);
    expect(Object.keys(useStore.getState().answersWaiting)).toHaveLength(1);
    runs.push(new Response(`id: aa.3\nevent: delta\ndata: ${JSON.stringify(delta('two'))}\n\nid: aa.4\nevent: done\ndata: {"finishReason":"stop"}\n\n`));
    memory.startAll();
    await ended(conversationId);
    expect(shown(conversationId)[1]).toEqual(['assistant', 'One two', 'complete', 1]);
    expect(queued).toHaveLength(2);
  });

  it('keeps what had come of a cut answer when something else is asked meanwhile', async () => {
    const { service, queued, shown, ended, feed, runs } = setUp();
    const { conversationId } = service.sendMessage('Hello');
    const stream = await feed(0);
    stream.send('delta', delta('One '), 'aa.2');
    await waitFor(() => useStore.getState().answers[conversationId]?.text !== '');
    for (let count = 0; count < 2; count += 1) runs.push(Response.json({ code: 'store_unavailable', detail: 'No.' }, { status: 503 }));
    stream.breakOff();
    await ended(conversationId);
    service.sendMessage('More', conversationId);
    expect(queued.map(({ role, status, parentId }) => [role, status, parentId])).toEqual([
      ['user', undefined, null],
      ['assistant', 'interrupted', queued[0]!.id],
      ['user', undefined, queued[1]!.id],
    ]);
    expect(shown(conversationId).map(([, text, status]) => [text, status])).toEqual([
      ['Hello', 'complete'],
      ['One ', 'interrupted'],
      ['More', 'complete'],
      ['', 'running'],
    ]);
  });

  it('queues an answer that nobody has queued before what is said below it', async () => {
    const { service, queued } = setUp();
    const message = (id: string, parentId: string | null, seq: number | null, role: 'user' | 'assistant') => ({ id, conversationId: 'c', parentId, seq, role, content: [], status: 'complete' as const, createdAt: id, storedAt: null });
    const messages = [message('q', null, 1, 'user'), message('other', 'q', null, 'user'), message('answer', 'other', null, 'assistant')];
    // The other tab's question is in the outbox, its answer is not.
    useStore.setState({ saves: { other: { conversationId: 'c', state: 'queued', reason: null, until: null, since: 0, mayBeSent: false } } });
    changeThread(useStore, 'c', { status: 'ready', messages: new Map(messages.map((entry) => [entry.id, entry])) });
    const { messageId } = service.sendMessage('And then?', 'c');
    await waitFor(() => queued.length >= 2);
    expect(queued.map(({ id, parentId }) => [id, parentId])).toEqual([
      ['answer', 'other'],
      [messageId, 'answer'],
    ]);
  });

  it('keeps to the branch on which something was said, whatever is said on another one', async () => {
    const { service, answers, ended, shown } = setUp();
    const message = (id: string, parentId: string | null, seq: number): StoredMessage => ({ id, conversationId: 'c', parentId, seq, role: 'user', content: [{ type: 'text', text: id }], status: 'complete', createdAt: '', storedAt: '' });
    const messages = [message('one', null, 1), message('other', null, 2), message('deep', 'one', 3)];
    changeThread(useStore, 'c', { status: 'ready', messages: new Map(messages.map((entry) => [entry.id, entry])) });
    const { messageId } = service.sendMessage('mine', 'c');
    service.hear({ ...message(messageId, 'deep', 4), content: [{ type: 'text', text: 'mine' }] });
    answers.stop('c');
    await ended('c');
    service.hear(message('later', 'other', 5));
    expect(shown('c').map(([, text]) => text)).toEqual(['one', 'deep', 'mine']);
  });

  it('goes on with an answer that another tab had asked for and not read', async () => {
    const { memory, queued, shown, ended, feed, pages } = setUp();
    const question: StoredMessage = { id: 'q', conversationId: 'c', parentId: null, seq: 1, role: 'user', content: [{ type: 'text', text: 'Hello' }], status: 'complete', createdAt: '', storedAt: '' };
    pages.push([question]);
    await memory.want({ runId: 'r', conversationId: 'c', answerId: 'a', parentId: 'q', request: {} });
    const stream = await feed(0);
    expect(stream.request.record).toEqual({ conversationId: 'c', messageId: 'a', parentId: 'q' });
    stream.send('delta', delta('Here'));
    stream.send('done', { finishReason: 'stop' });
    await ended('c');
    expect(shown('c').map(([, text]) => text)).toEqual(['Hello', 'Here']);
    expect(queued.map(({ id }) => id)).toEqual(['a']);
  });

  it('reads along with an answer that another tab of this device looks after', async () => {
    const { answers, memory, runs, shown, ended } = setUp();
    const question: StoredMessage = { id: 'q', conversationId: 'c', parentId: null, seq: 1, role: 'user', content: [{ type: 'text', text: 'Hello' }], status: 'complete', createdAt: '', storedAt: '' };
    changeThread(useStore, 'c', { status: 'ready', messages: new Map([['q', question]]) });
    memory.wanted.set('r', { runId: 'r', conversationId: 'c', answerId: 'a', parentId: 'q', request: {} });
    runs.push(new Response(`id: aa.1\nevent: delta\ndata: ${JSON.stringify(delta('Along'))}\n\nid: aa.2\nevent: done\ndata: {"finishReason":"stop"}\n\n`));
    answers.takeUp('c');
    expect(useStore.getState().answers['c']?.messageId).toBe('a');
    await ended('c');
    expect(shown('c').map(([, text]) => text)).toEqual(['Hello', 'Along']);
  });

  it('forgets an answer of another tab that the server has already', async () => {
    const { memory, pages, feed } = setUp();
    const messages = (['user', 'assistant'] as const).map((role, index) => ({ id: `m${index}`, conversationId: 'c', parentId: index === 0 ? null : 'm0', seq: index + 1, role, content: [], status: 'complete' as const, createdAt: '', storedAt: '' }));
    pages.push(messages);
    await memory.want({ runId: 'r', conversationId: 'c', answerId: 'm1', parentId: 'm0', request: {} });
    await waitFor(() => memory.pending().length === 0);
    expect(await Promise.race([feed(0).then(() => 'asked'), Promise.resolve('not asked')])).toBe('not asked');
  });

  it("keeps a provider's refusal as a failed answer with its reason", async () => {
    const { service, queued, ended } = setUp({ completionStatus: 502 });
    const { conversationId } = service.sendMessage('Hello');
    await ended(conversationId);
    expect(queued[1]).toMatchObject({ role: 'assistant', status: 'failed', content: [{ type: 'error', code: 'provider_auth', detail: 'No.' }] });
  });

  it('makes branches by regenerating and editing, and goes on from the chosen one', async () => {
    const { service, queued, shown, ended, feed } = setUp();
    const finish = async (index: number, text: string) => {
      const stream = await feed(index);
      stream.send('delta', delta(text));
      stream.send('done', { finishReason: 'stop' });
      await ended(conversationId);
    };
    const { conversationId } = service.sendMessage('Hello');
    await finish(0, 'One');
    service.regenerate(conversationId, queued[1]!.id);
    await finish(1, 'Two');
    expect(shown(conversationId)[1]).toEqual(['assistant', 'Two', 'complete', 2]);
    service.chooseBranch(conversationId, queued[1]!.id);
    service.sendMessage('Next', conversationId);
    await finish(2, 'Three');
    expect(queued[3]!.parentId).toBe(queued[1]!.id);
    service.editAndResend(conversationId, queued[0]!.id, [{ type: 'text', text: 'Hi' }]);
    await finish(3, 'Four');
    expect(shown(conversationId)).toEqual([
      ['user', 'Hi', 'complete', 2],
      ['assistant', 'Four', 'complete', 1],
    ]);
  });

  it('continues a cut answer as a branch that holds the whole', async () => {
    const { service, queued, ended, feed } = setUp();
    const { conversationId } = service.sendMessage('Hello');
    const first = await feed(0);
    first.send('delta', delta('The first half'));
    first.send('done', { finishReason: 'length' });
    await ended(conversationId);
    service.continueAnswer(conversationId, queued[1]!.id);
    const second = await feed(1);
    expect(second.request.messages.map((message) => message.role)).toEqual(['user', 'assistant', 'user']);
    second.send('delta', delta(' and the second.'));
    second.send('done', { finishReason: 'stop' });
    await ended(conversationId);
    expect(queued[2]).toMatchObject({ parentId: queued[0]!.id, status: 'complete', content: [{ type: 'text', text: 'The first half and the second.' }] });
  });

  it('asks the server to keep the answer of a conversation that is there, and leaves it there when the page is being closed', async () => {
    const { answers, service, queued, feed } = setUp();
    const { conversationId, messageId } = service.sendMessage('Hello');
    const { request } = await feed(0);
    const answerId = useStore.getState().answers[conversationId]!.messageId;
    expect(request.record).toEqual({ conversationId, messageId: answerId, parentId: messageId });
    expect(request.runId).toMatch(/^id-/);
    answers.leave();
    expect(queued).toHaveLength(1);
    service.stop(conversationId);
  });

  it('goes on after the last event when the connection breaks', async () => {
    const { service, queued, ended, feed, calls, runs } = setUp();
    const { conversationId } = service.sendMessage('Hello');
    const stream = await feed(0);
    stream.send('start', { provider: 'p', model: 'm' }, 'aa.1');
    stream.send('delta', delta('One '), 'aa.2');
    await waitFor(() => useStore.getState().answers[conversationId]?.text !== '');
    runs.push(new Response(`id: aa.3\nevent: delta\ndata: ${JSON.stringify(delta('two'))}\n\n`));
    runs.push(new Response('id: aa.4\nevent: done\ndata: {"finishReason":"stop"}\n\n'));
    stream.breakOff();
    await ended(conversationId);
    const run = stream.request.runId!;
    expect(calls).toEqual([`GET /completion/${run}?after=aa.2`, `GET /completion/${run}?after=aa.3`]);
    expect(queued[1]).toMatchObject({ status: 'complete', content: [{ type: 'text', text: 'One two' }] });
  });

  it('tells the server when the person stops', async () => {
    const { service, ended, feed, calls } = setUp();
    const { conversationId } = service.sendMessage('Hello');
    const { request } = await feed(0);
    service.stop(conversationId);
    await ended(conversationId);
    expect(calls).toEqual([`POST /completion/${request.runId}/stop`]);
  });

  it('shows an answer that is still being written when its conversation is opened', async () => {
    const { answers, queued, ended, shown, runs } = setUp();
    const message = { id: 'a', conversationId: 'c', parentId: null, seq: 1, role: 'assistant' as const, content: [], status: 'running' as const, createdAt: '', storedAt: '', runId: 'r' };
    changeThread(useStore, 'c', { status: 'ready', messages: new Map([['a', message]]) });
    runs.push(new Response(`id: aa.1\nevent: delta\ndata: ${JSON.stringify(delta('From afar'))}\n\nid: aa.2\nevent: done\ndata: {"finishReason":"stop"}\n\n`));
    answers.followRunning('c');
    expect(useStore.getState().answers['c']?.messageId).toBe('a');
    await ended('c');
    expect(shown('c')).toEqual([['assistant', 'From afar', 'complete', 1]]);
    expect(queued).toEqual([]);
    answers.followRunning('c');
    expect('c' in useStore.getState().answers).toBe(false);
  });

  it('leaves an answer that this device remembers to the next tab when the page is being closed', async () => {
    const { service, answers, memory, queued, feed, calls } = setUp({ createFails: true });
    const { conversationId } = service.sendMessage('Hello');
    const stream = await feed(0);
    stream.send('delta', delta('Half'));
    await waitFor(() => useStore.getState().answers[conversationId]?.text !== '');
    answers.leave();
    stream.breakOff();
    expect(queued).toHaveLength(1);
    expect(calls).toEqual([]);
    expect(memory.pending().map(({ runId }) => runId)).toEqual([stream.request.runId]);
  });
});

describe('MessageService and what others do', () => {
  beforeEach(() => {
    useStore.setState(initialState, true);
    sessionStorage.clear();
  });

  const stored = (id: string, seq: number, more: Partial<StoredMessage> = {}): StoredMessage => ({
    id,
    conversationId: 'c',
    parentId: seq === 1 ? null : `m${seq - 1}`,
    seq,
    role: seq % 2 === 1 ? 'user' : 'assistant',
    content: [{ type: 'text', text: `Text ${seq}` }],
    status: 'complete',
    createdAt: '',
    storedAt: '',
    ...more,
  });

  function load(...messages: StoredMessage[]): void {
    changeThread(useStore, 'c', { status: 'ready', messages: new Map(messages.map((message) => [message.id, message])) });
  }

  it('takes the next message as it is told, and reads the newest page where one in between is missing', async () => {
    const { service, shown, pages } = setUp();
    load(stored('m1', 1));
    service.hear(stored('m2', 2));
    expect(shown('c').map(([, text]) => text)).toEqual(['Text 1', 'Text 2']);
    pages.push([stored('m2', 2), stored('m3', 3), stored('m4', 4)]);
    service.hear(stored('m4', 4));
    await waitFor(() => shown('c').length === 4);
    expect(shown('c').map(([, text]) => text)).toEqual(['Text 1', 'Text 2', 'Text 3', 'Text 4']);
  });

  it('leaves out what belongs above the loaded part or into a conversation that is not loaded', () => {
    const { service, calls } = setUp();
    service.hear(stored('m1', 1));
    expect(useStore.getState().threads).toEqual({});
    load(stored('m7', 7, { parentId: 'm6' }));
    changeThread(useStore, 'c', { older: 'cursor' });
    service.hear(stored('m2', 2, { deletedAt: '2026-01-01T00:00:00.000Z', content: [] }));
    expect([...useStore.getState().threads['c']!.messages.keys()]).toEqual(['m7']);
    expect(calls).toEqual([]);
  });

  it('does not take an older copy for a newer one, and keeps a message of its own once', async () => {
    const { service, queued, shown, ended, feed } = setUp();
    const { conversationId } = service.sendMessage('Hello');
    const stream = await feed(0);
    const [question] = queued;
    service.hear(stored(question!.id, 1, { conversationId, content: [{ type: 'text', text: 'Hello' }] }));
    stream.send('delta', delta('Good day'));
    stream.send('done', { finishReason: 'stop' });
    await ended(conversationId);
    const running = { conversationId, parentId: question!.id, content: [{ type: 'text' as const, text: 'Good' }], status: 'running' as const, runId: stream.request.runId! };
    service.hear(stored(queued[1]!.id, 2, running));
    expect(shown(conversationId)).toEqual([
      ['user', 'Hello', 'complete', 1],
      ['assistant', 'Good day', 'complete', 1],
    ]);
    expect(conversationId in useStore.getState().answers).toBe(false);
  });

  it('shows an answer of another device on the shown path only, and follows it when it is chosen', async () => {
    const { service, runs, calls } = setUp();
    load(stored('m1', 1), stored('m2', 2));
    changeThread(useStore, 'c', { choices: { m1: 'm2' } });
    service.hear(stored('m3', 3, { role: 'assistant', parentId: 'm1', status: 'running', runId: 'r' }));
    expect(calls).toEqual([]);
    runs.push(new Response('id: aa.1\nevent: error\ndata: {"code":"stopped","detail":""}\n\n'));
    service.chooseBranch('c', 'm3');
    await waitFor(() => calls.length > 0);
    expect(calls).toEqual(['GET /completion/r']);
  });

  it('waits for an answer that is told before its first word, and takes the place away when nothing comes', async () => {
    const { service, runs, shown, ended, pages } = setUp();
    load(stored('m1', 1));
    pages.push([stored('m1', 1)]);
    runs.push(new Response('id: aa.1\nevent: error\ndata: {"code":"stopped","detail":""}\n\n'));
    service.hearRun({ id: 'r', status: 'running', conversationId: 'c', messageId: 'a' });
    expect(useStore.getState().answers['c']?.messageId).toBe('a');
    await ended('c');
    await waitFor(() => shown('c').length === 1);
    service.hearRun({ id: 'r', status: 'running', conversationId: 'c', messageId: 'a' });
    expect(shown('c')).toHaveLength(1);
  });

  it('offers an answer that the server could not store, and says when its journal has it', async () => {
    const { answers, service, runs, queued, ended } = setUp();
    load(stored('m1', 1), stored('m2', 2, { status: 'running', runId: 'r', content: [] }));
    runs.push(new Response(`id: aa.1\nevent: delta\ndata: ${JSON.stringify(delta('Whole'))}\n\nid: aa.2\nevent: done\ndata: {"finishReason":"stop","persisted":false,"journalPosition":17}\n\n`));
    answers.followRunning('c');
    await ended('c');
    expect(queued.map(({ id, status }) => [id, status])).toEqual([['m2', 'complete']]);
    expect(useStore.getState().receipts).toEqual({ m2: 'journal' });
    service.hear(stored('m2', 2, { content: [{ type: 'text', text: 'Whole' }] }));
    expect(useStore.getState().receipts).toEqual({});
  });

  it('leaves an answer that the server keeps to the server when the browser takes the connection', async () => {
    const { answers, memory, service, queued, feed } = setUp();
    const { conversationId } = service.sendMessage('Hello');
    const stream = await feed(0);
    stream.send('delta', delta('Half'));
    await waitFor(() => useStore.getState().answers[conversationId]?.text !== '');
    answers.leave();
    stream.breakOff();
    await waitFor(() => queued.length === 1);
    expect(memory.pending().map(({ runId }) => runId)).toEqual([stream.request.runId]);
  });

  it('opens a lost connection to the run of another device at once when the server is known to be back', async () => {
    const { answers, shown, ended, runs, calls } = setUp();
    load(stored('m1', 1), stored('m2', 2, { status: 'running', runId: 'r', content: [] }));
    for (let count = 0; count < 3; count += 1) runs.push(Response.json({ code: 'store_unavailable', detail: 'No.' }, { status: 503 }));
    runs.push(new Response(`id: aa.1\nevent: delta\ndata: ${JSON.stringify(delta('Late'))}\n\nid: aa.2\nevent: done\ndata: {"finishReason":"stop"}\n\n`));
    answers.followRunning('c');
    await waitFor(() => calls.length === 1);
    const before = performance.now();
    const knock = setInterval(() => answers.serverIsBack(), 1);
    await ended('c');
    clearInterval(knock);
    // Without the knocking the pauses alone take 1.5 s.
    expect(performance.now() - before).toBeLessThan(1_500);
    expect(shown('c')[1]![1]).toBe('Late');
  });
});
