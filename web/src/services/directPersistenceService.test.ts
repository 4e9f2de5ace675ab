import { describe, expect, it } from 'vitest';
import { ApiProblem, ServerUnreachable } from '../api/errors';
import type { AppendMessage, AppendResult } from '../api/types';
import { DirectPersistenceService } from './directPersistenceService';

function message(id: string, conversationId = 'c', size = 1): AppendMessage {
  return { id, conversationId, parentId: null, role: 'user', content: [{ type: 'text', text: 'x'.repeat(size) }], createdAt: '2026-01-01T00:00:00.000Z' };
}

const busy = new ApiProblem({ status: 503, code: 'store_busy', detail: 'Busy.' });

/** A server whose next answers are scripted; unscripted requests are stored. */
function setUp(script: (((ids: string[]) => AppendResult[]) | Error)[] = []) {
  const requests: string[][] = [];
  const log: string[] = [];
  let seq = 0;
  const service = new DirectPersistenceService({
    append: async (messages) => {
      const ids = messages.map((item) => item.id);
      requests.push(ids);
      const step = script.shift();
      if (step instanceof Error) throw step;
      return step ? step(ids) : ids.map((id) => ({ id, outcome: 'stored', seq: (seq += 1) }));
    },
    ensureConversation: async () => undefined,
    delay: async () => undefined,
  });
  service.subscribe((status) => log.push(`${status.messageId} ${status.state}${status.reason ? ` ${status.reason.code}` : ''}`));
  return { service, requests, log };
}

describe('DirectPersistenceService', () => {
  it('sends what is queued together in one request and in order', async () => {
    const { service, requests, log } = setUp();
    service.queueMessage(message('a'), 'c');
    service.queueMessage(message('b'), 'c');
    service.queueMessage(message('a'), 'c');
    await service.flush();
    expect(requests).toEqual([['a', 'b']]);
    expect(log).toEqual(['a queued', 'b queued', 'a sending', 'b sending', 'a saved', 'b saved']);
    expect(service.getQueueStatus()).toEqual({ queued: 0, sending: 0, waiting: 0, failed: 0 });
  });

  it('keeps the order of a conversation while the first request fails', async () => {
    const { service, requests } = setUp([new ServerUnreachable(), busy]);
    service.queueMessage(message('a'), 'c');
    await Promise.resolve();
    service.queueMessage(message('b'), 'c');
    await service.flush();
    expect(requests.flat().filter((id) => id === 'a').length).toBeGreaterThanOrEqual(2);
    expect(requests.at(-1)).toEqual(expect.arrayContaining(['b']));
    for (const request of requests) expect(request).toEqual([...request].sort());
  });

  it('waits with its reason after a few tries, and what comes later waits behind it', async () => {
    const away = Array.from({ length: 4 }, () => new ServerUnreachable());
    const { service, log, requests } = setUp(away);
    service.queueMessage(message('a'), 'c');
    await service.flush();
    expect(requests).toHaveLength(4);
    expect(log.at(-1)).toBe('a waiting server_away');
    service.queueMessage(message('b'), 'c');
    expect(log.at(-1)).toBe('b waiting behind_another');
    expect(service.getQueueStatus()).toEqual({ queued: 0, sending: 0, waiting: 2, failed: 0 });
    await service.flush();
    expect(requests.at(-1)).toEqual(['a', 'b']);
    expect(service.getQueueStatus().waiting).toBe(0);
  });

  it('goes on trying by itself while a server that is there is busy', async () => {
    const { service, log, requests } = setUp(Array.from({ length: 6 }, () => busy));
    const saved = new Promise<void>((resolve) => service.subscribe(({ state }) => state === 'saved' && resolve()));
    service.queueMessage(message('a'), 'c');
    await saved;
    expect(requests).toHaveLength(7);
    expect(log.filter((line) => line === 'a waiting server_busy')).toHaveLength(3);
    expect(service.getQueueStatus()).toEqual({ queued: 0, sending: 0, waiting: 0, failed: 0 });
  });

  it('takes a duplicate for saved and reports refused items with their code', async () => {
    const { service, log } = setUp([
      (ids) => [
        { id: ids[0]!, outcome: 'duplicate', seq: 7 },
        { id: ids[1]!, outcome: 'rejected', code: 'parent_unknown', detail: 'No such parent.' },
        { id: ids[2]!, outcome: 'blocked' },
      ],
    ]);
    for (const id of ['a', 'b', 'd']) service.queueMessage(message(id), 'c');
    await service.flush();
    expect(log.slice(-3)).toEqual(['a saved', 'b failed parent_unknown', 'd failed blocked']);
    service.retryFailed('b');
    await service.flush();
    expect(log.slice(-2)).toEqual(['b saved', 'd saved']);
  });

  it('reads the outcomes of a request in which everything was refused', async () => {
    const { service, log } = setUp([
      new ApiProblem({ status: 422, code: 'content_empty', detail: 'Empty.' }, [{ id: 'a', outcome: 'rejected', code: 'content_empty' }]),
    ]);
    service.queueMessage(message('a'), 'c');
    await service.flush();
    expect(log.at(-1)).toBe('a failed content_empty');
  });

  it('finds the one item to blame when a whole batch is refused', async () => {
    const tooLarge = new ApiProblem({ status: 413, code: 'body_too_large', detail: 'Too large.' });
    const { service, requests, log } = setUp([tooLarge, (ids) => [{ id: ids[0]!, outcome: 'stored', seq: 1 }], tooLarge]);
    service.queueMessage(message('a'), 'c');
    service.queueMessage(message('b'), 'c');
    await service.flush();
    expect(requests).toEqual([['a', 'b'], ['a'], ['b']]);
    expect(log.slice(-1)).toEqual(['b failed body_too_large']);
    service.retryFailed('b');
    await service.flush();
    expect(log.at(-1)).toBe('b saved');
  });

  it('does not let one conversation wait for another', async () => {
    const { service, log } = setUp();
    const slow = new DirectPersistenceService({
      append: async (messages) => messages.map((item) => ({ id: item.id, outcome: 'stored', seq: 1 })),
      ensureConversation: (id) => (id === 'stuck' ? new Promise(() => undefined) : Promise.resolve()),
      delay: async () => undefined,
    });
    const saved = new Promise<string>((resolve) => slow.subscribe((status) => status.state === 'saved' && resolve(status.messageId)));
    slow.queueMessage(message('a', 'stuck'), 'stuck');
    slow.queueMessage(message('b', 'free'), 'free');
    expect(await saved).toBe('b');
    expect(slow.getQueueStatus().sending).toBe(1);
    expect(log).toEqual([]);
    expect(service.getQueueStatus().queued).toBe(0);
  });

  it('sends what is queued in the very moment in which a request ends', async () => {
    const { service, requests } = setUp();
    service.subscribe((status) => {
      if (status.messageId !== 'a' || status.state !== 'saved') return;
      // After the lane has found nothing more to send, and before anybody who waits for it goes on.
      void Promise.resolve().then(() => service.queueMessage(message('b'), 'c'));
    });
    service.queueMessage(message('a'), 'c');
    await new Promise((resolve) => setTimeout(resolve));
    expect(requests).toEqual([['a'], ['b']]);
    expect(service.getQueueStatus().queued).toBe(0);
  });

  it('splits what is too large for one request', async () => {
    const { service, requests } = setUp();
    for (const id of ['a', 'b', 'd']) service.queueMessage(message(id, 'c', 1_200_000), 'c');
    await service.flush();
    expect(requests).toEqual([['a', 'b'], ['d']]);
  });
});
