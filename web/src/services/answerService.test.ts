// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredMessage } from '../api/types';
import { textOf } from '../core/messages';
import { changeThread } from '../state/actions';
import { Saves } from '../state/saves';
import { initialState, useStore } from '../state/store';
import type { PendingAnswer } from './persistenceService';
import type { StreamPlaces } from './streamPlaces';
import { delta, Feed, load, setUp, stored, waitFor } from './testing/fakePage';

describe('AnswerService', () => {
  beforeEach(() => {
    useStore.setState(initialState, true);
    sessionStorage.clear();
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

  it('keeps in view what was said below a question while its answer of another tab was being picked up', async () => {
    const { service, memory, shown } = setUp();
    const message = { id: 'q', conversationId: 'c', parentId: null, seq: 1, role: 'user' as const, content: [{ type: 'text' as const, text: 'Hello' }], status: 'complete' as const, createdAt: '', storedAt: '' };
    changeThread(useStore, 'c', { status: 'ready', messages: new Map([['q', message]]) });
    memory.wanted.set('run', { runId: 'run', conversationId: 'c', answerId: 'a', parentId: 'q', request: {}, traceparent: '' });
    memory.startAll();
    service.sendMessage('And?', 'c');
    await waitFor(() => useStore.getState().threads['c']!.messages.has('a'));
    expect(shown('c').map(([, text]) => text).slice(0, 2)).toEqual(['Hello', 'And?']);
  });

  it('waits for no answer of another tab while the server is away, and reads it along when it is back', async () => {
    const { service, answers, memory, shown, calls } = setUp();
    const message = { id: 'q', conversationId: 'c', parentId: null, seq: 1, role: 'user' as const, content: [{ type: 'text' as const, text: 'Hello' }], status: 'complete' as const, createdAt: '', storedAt: '' };
    changeThread(useStore, 'c', { status: 'ready', messages: new Map([['q', message]]) });
    memory.wanted.set('run', { runId: 'run', conversationId: 'c', answerId: 'a', parentId: 'q', request: {}, traceparent: '' });
    const question = ['user', 'Hello', 'complete', 1];
    const reachable = (isReachable: boolean) => useStore.setState({ connectivity: { reachable: isReachable, nextTryAt: null } });
    answers.takeUp('c');
    expect(shown('c')).toEqual([question, ['assistant', '', 'running', 1]]);
    // It turns out that the server is away.
    reachable(false);
    await waitFor(() => shown('c').length === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([shown('c'), useStore.getState().answers, memory.pending().length]).toEqual([[question], {}, 1]);
    answers.takeUp('c');
    expect(shown('c')).toEqual([question]);
    // What is written meanwhile is taken at once.
    service.sendMessage('And?', 'c');
    expect(shown('c')[1]).toEqual(['user', 'And?', 'complete', 1]);
    answers.stop('c');
    reachable(true);
    answers.serverIsBack();
    answers.takeUp('c');
    await waitFor(() => calls.includes('GET /completion/run'));
  });

  it('goes on with an answer that another tab had asked for and not read', async () => {
    const { memory, queued, shown, ended, feed, pages } = setUp();
    const question: StoredMessage = { id: 'q', conversationId: 'c', parentId: null, seq: 1, role: 'user', content: [{ type: 'text', text: 'Hello' }], status: 'complete', createdAt: '', storedAt: '' };
    pages.push([question]);
    await memory.want({ runId: 'r', conversationId: 'c', answerId: 'a', parentId: 'q', request: {}, traceparent: 'its trace' });
    const stream = await feed(0);
    expect(stream.traceparent).toBe('its trace');
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

  it('sends on what is written while the answer of another tab is read, and asks for its answer afterwards', async () => {
    const { answers, service, memory, queued, runs, pages, shown, feed, ended } = setUp();
    load(stored('m1', 1), stored('m2', 2, { status: 'running', runId: 'r', content: [] }));
    const first = new Feed();
    runs.push(first.response);
    answers.followRunning('c');
    first.send('delta', delta('First'));
    service.sendMessage('And then?', 'c');
    service.sendMessage('And then again?', 'c');
    expect(queued.map(({ parentId }) => parentId)).toEqual(['m2', queued[0]!.id]);
    await waitFor(() => shown('c').length === 5);
    const [{ answerId, parentId }] = memory.pending() as [PendingAnswer];
    expect(parentId).toBe(queued[1]!.id);
    expect(useStore.getState().answersWaiting).toEqual({ [answerId]: { reason: { code: 'behind_answer', detail: '' }, until: null } });
    pages.push([stored('m1', 1), stored('m2', 2, { content: [{ type: 'text', text: 'First' }] })]);
    first.send('done', { finishReason: 'stop' });
    const second = await feed(0);
    expect(second.request.messages.map(({ content }) => content)).toEqual(['Text 1', 'First', 'And then?', 'And then again?'].map((text) => [{ type: 'text', text }]));
    expect(useStore.getState().answersWaiting).toEqual({});
    second.send('delta', delta('Second'));
    second.send('done', { finishReason: 'stop' });
    await ended('c');
    expect(shown('c').map(([, text, status]) => [text, status])).toEqual(['Text 1', 'First', 'And then?', 'And then again?', 'Second'].map((text) => [text, 'complete']));
    await waitFor(() => memory.pending().length === 0);
  });

  it('goes on waiting for the end of the one before it when the page is loaded anew', async () => {
    const { answers, conversations, memory, runs, pages, shown, feed } = setUp();
    const first = new Feed();
    runs.push(first.response);
    const conversation = [stored('m1', 1), stored('m2', 2, { status: 'running', runId: 'r', content: [] }), stored('m3', 3)];
    pages.push(conversation);
    conversations.onOpened = (id) => answers.takeUp(id);
    await memory.want({ runId: 'x', conversationId: 'c', answerId: 'a', parentId: 'm3', request: {} });
    await waitFor(() => 'a' in useStore.getState().answersWaiting);
    expect(useStore.getState().answersWaiting['a']!.reason.code).toBe('behind_answer');
    expect(shown('c').map(([, , status]) => status)).toEqual(['complete', 'running', 'complete', 'running']);
    pages.push([stored('m1', 1), stored('m2', 2, { content: [{ type: 'text', text: 'First' }] }), stored('m3', 3)]);
    first.send('delta', delta('First'));
    first.send('done', { finishReason: 'stop' });
    expect((await feed(0)).request.messages.map(({ content }) => content)).toEqual(['Text 1', 'First', 'Text 3'].map((text) => [{ type: 'text', text }]));
  });

  it('asks for no answer any more to what was refused while it was asked for', async () => {
    const { service, memory, shown, ended, feed } = setUp();
    const { conversationId, messageId } = service.sendMessage('Hello');
    const stream = await feed(0);
    useStore.setState({ saves: Saves.of([[messageId, { conversationId, state: 'failed', reason: { code: 'blocked', detail: '' }, until: null, since: 0, mayBeSent: true }]]) });
    stream.breakOff();
    await ended(conversationId);
    expect([shown(conversationId).length, memory.pending(), useStore.getState().answersWaiting]).toEqual([1, [], {}]);
  });

  it('lets go of an answer that waits for the one before it, when the person wants none', async () => {
    const { answers, service, memory, runs, shown } = setUp();
    load(stored('m1', 1), stored('m2', 2, { status: 'running', runId: 'r', content: [] }));
    runs.push(new Feed().response);
    answers.followRunning('c');
    const { messageId } = service.sendMessage('And then?', 'c');
    await waitFor(() => shown('c').length === 4 && memory.pending().length === 1);
    answers.giveUp(memory.pending()[0]!.answerId);
    expect([shown('c').length, memory.pending(), useStore.getState().answersWaiting]).toEqual([3, [], {}]);
    expect(useStore.getState().problems[messageId]?.code).toBe('stopped');
  });

  it('knows that the server has an answer that is shown as it comes, and keeps what stands below it', async () => {
    const { service, queued, shown, ended, feed } = setUp();
    const { conversationId, messageId } = service.sendMessage('Hello');
    const stream = await feed(0);
    const answerId = useStore.getState().answers[conversationId]!.messageId;
    service.hear(stored(answerId, 2, { conversationId, parentId: messageId, status: 'running', runId: stream.request.runId!, content: [] }));
    expect(useStore.getState().threads[conversationId]!.messages.get(answerId)!.seq).toBe(2);
    service.sendMessage('More', conversationId);
    service.stop(conversationId);
    stream.breakOff();
    await feed(1);
    expect(shown(conversationId).map(([role, , status]) => [role, status])).toEqual([
      ['user', 'complete'],
      ['assistant', 'stopped'],
      ['user', 'complete'],
      ['assistant', 'running'],
    ]);
    expect(useStore.getState().threads[conversationId]!.messages.get(answerId)!.seq).toBe(2);
    expect(queued.map(({ parentId }) => parentId)).toEqual([null, answerId, messageId]);
    service.stop(conversationId);
    await ended(conversationId);
  });
});
