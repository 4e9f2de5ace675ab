// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredMessage } from '../api/types';
import { changeThread } from '../state/actions';
import { Saves } from '../state/saves';
import { initialState, useStore } from '../state/store';
import { delta, load, setUp, stored, waitFor } from './testing/fakePage';

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

  it('queues an answer that nobody has queued before what is said below it', async () => {
    const { service, queued } = setUp();
    const message = (id: string, parentId: string | null, seq: number | null, role: 'user' | 'assistant') => ({ id, conversationId: 'c', parentId, seq, role, content: [], status: 'complete' as const, createdAt: id, storedAt: null });
    const messages = [message('q', null, 1, 'user'), message('other', 'q', null, 'user'), message('answer', 'other', null, 'assistant')];
    // The other tab's question is in the outbox, its answer is not.
    useStore.setState({ saves: Saves.of([['other', { conversationId: 'c', state: 'queued', reason: null, until: null, since: 0, mayBeSent: false }]]) });
    changeThread(useStore, 'c', { status: 'ready', messages: new Map(messages.map((entry) => [entry.id, entry])) });
    const { messageId } = service.sendMessage('And then?', 'c');
    await waitFor(() => queued.length >= 2);
    expect(queued.map(({ id, parentId }) => [id, parentId])).toEqual([
      ['answer', 'other'],
      [messageId, 'answer'],
    ]);
  });

  it('goes on behind what can be followed, where something was refused or has lost what it followed', () => {
    const { service, queued } = setUp();
    const message = (id: string, parentId: string | null, seq: number | null) => ({ id, conversationId: 'c', parentId, seq, role: 'user' as const, content: [], status: 'complete' as const, createdAt: id, storedAt: null });
    const messages = [message('first', null, 1), message('refused', 'first', null), message('blocked', 'refused', null), message('stray', 'gone', null)];
    const failed = { conversationId: 'c', state: 'failed' as const, reason: null, until: null, since: 0, mayBeSent: true };
    useStore.setState({ saves: Saves.of([['refused', failed], ['blocked', failed]]) });
    changeThread(useStore, 'c', { status: 'ready', messages: new Map(messages.map((entry) => [entry.id, entry])) });
    service.sendMessage('And then?', 'c');
    changeThread(useStore, 'd', { status: 'ready', messages: new Map([{ ...messages[0]!, conversationId: 'd' }, { ...messages[3]!, conversationId: 'd' }].map((entry) => [entry.id, entry])) });
    service.sendMessage('And then?', 'd');
    changeThread(useStore, 'e', { status: 'ready', messages: new Map([['refused', { ...messages[1]!, parentId: null, conversationId: 'e' }]]) });
    service.sendMessage('And then?', 'e');
    const missing = { ...failed, reason: { code: 'conversation_not_found' as const, detail: '' } };
    useStore.setState({ saves: Saves.of([['refused', missing], ['blocked', failed]]) });
    changeThread(useStore, 'f', { status: 'ready', messages: new Map(messages.slice(0, 3).map((entry) => [entry.id, { ...entry, conversationId: 'f' }])) });
    service.sendMessage('And then?', 'f');
    expect(queued.map(({ parentId }) => parentId)).toEqual(['first', 'first', null, 'blocked']);
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
});

describe('MessageService and what others do', () => {
  beforeEach(() => {
    useStore.setState(initialState, true);
    sessionStorage.clear();
  });

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
});
