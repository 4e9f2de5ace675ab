import { describe, expect, it } from 'vitest';
import { FakeBrowser } from '../testing/fakeBrowser.js';
import type { AnswerState, ManentClient, PendingAnswer } from '../types.js';

const idOf = (number: number): string => `0199c0de-0000-7000-8000-${String(number).padStart(12, '0')}`;
const answer = (number: number): PendingAnswer => ({ runId: idOf(number), conversationId: idOf(100), answerId: idOf(number + 200), parentId: idOf(number + 300), request: { model: 'm' } });

function listen(client: ManentClient) {
  const told: [string, AnswerState['state']][] = [];
  client.answers.subscribe(({ runId }, { state }) => told.push([runId, state]));
  return told;
}

describe('answers that are waited for', () => {
  it('are durable before they are asked for, and forgotten at their end', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    const told = listen(client);
    await client.answers.want(answer(1));
    expect(await browser.recordsOf('answers')).toHaveLength(1);
    await browser.settle();
    expect(told).toContainEqual([idOf(1), 'start']);
    client.answers.began(idOf(1));
    expect(client.answers.state(idOf(1))).toEqual({ state: 'running' });
    client.answers.ended(idOf(1));
    await browser.settle();
    expect(client.answers.pending()).toEqual([]);
    expect(await browser.recordsOf('answers')).toEqual([]);
  });

  it('are asked for again by the next tab in the slot, with all that was known', async () => {
    const browser = new FakeBrowser();
    const first = await browser.open();
    await first.client.answers.want(answer(1));
    first.tab.kill();
    const second = await browser.open();
    const told = listen(second.client);
    await browser.pass(10_000);
    expect(told).toContainEqual([idOf(1), 'start']);
    expect(second.client.answers.pending()).toEqual([answer(1)]);
  });

  it('keep the trace in which they were wanted, and none that is none', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    const traced = { ...answer(1), traceparent: `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01` };
    await client.answers.want(traced);
    await client.answers.want({ ...answer(2), traceparent: 'trace' });
    await client.answers.want({ ...answer(3), traceparent: `00-${'00'.repeat(16)}-${'b2'.repeat(8)}-01` });
    const kept = ((await browser.recordsOf('answers')) as { record: string }[]).map(({ record }) => (JSON.parse(record) as { answer: { trace?: string } }).answer.trace ?? null);
    expect(kept).toEqual([traced.traceparent, null, null]);
    expect(client.answers.pending()[0]).toEqual(traced);
  });

  it('are known to all tabs, looked after by one, and adopted from a dead one', async () => {
    const browser = new FakeBrowser();
    const sender = await browser.open();
    const writer = await browser.open();
    const told = listen(sender.client);
    await writer.client.answers.want(answer(1));
    await browser.settle();
    expect(sender.client.answers.pending()).toEqual([answer(1)]);
    expect(told).toEqual([]);
    writer.tab.kill();
    await browser.pass(10_000);
    expect(told).toContainEqual([idOf(1), 'start']);
  });

  it('are adopted when the tab that would adopt them dies too', async () => {
    const browser = new FakeBrowser();
    const sender = await browser.open();
    const writer = await browser.open();
    const last = await browser.open();
    const told = listen(last.client);
    await writer.client.answers.want(answer(1));
    writer.tab.kill();
    sender.tab.kill();
    await browser.pass(10_000);
    expect(told).toContainEqual([idOf(1), 'start']);
  });

  it('wait while the server is away, and end for good where asking again is of no use', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    const told = listen(client);
    await client.answers.want(answer(1));
    await browser.settle();
    expect(client.answers.failed(idOf(1), { status: 0 })).toBe(true);
    expect(client.answers.state(idOf(1))).toMatchObject({ state: 'waiting', reason: { code: 'retry' } });
    await browser.pass(60_000);
    expect(told.filter(([, state]) => state === 'start')).toHaveLength(2);
    expect(client.answers.failed(idOf(1), { status: 422, code: 'unknown_model' })).toBe(false);
    expect(client.answers.pending()).toEqual([]);
  });

  it('tell truly whether they are asked for again, also to whoever asks when told to start', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    const isTriedAgain: boolean[] = [];
    client.answers.subscribe(({ runId }, { state }) => {
      if (state === 'start') isTriedAgain.push(client.answers.failed(runId, runId === idOf(1) ? { status: 422, code: 'unknown_model' } : { status: 0 }));
    });
    await client.answers.want(answer(1));
    await client.answers.want(answer(2));
    await browser.settle();
    expect(isTriedAgain).toEqual([false, true]);
    expect(client.answers.pending()).toEqual([answer(2)]);
    expect(client.answers.failed(idOf(1), { status: 0 })).toBe(false);
  });

  it('are refused where the id of the run is none, and leave nothing behind', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    for (const _time of [1, 2]) await expect(client.answers.want({ ...answer(1), runId: 'one' })).rejects.toMatchObject({ code: 'invalid' });
    expect(client.answers.pending()).toEqual([]);
    expect(client.answers.state('one')).toBe(null);
  });

  it('are durable for whoever asks a second time, too', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    const first = client.answers.want(answer(1));
    await client.answers.want(answer(1));
    expect(client.answers.state(idOf(1))).not.toEqual({ state: 'storing' });
    await first;
  });

  it('are not awaited for ever by whoever wanted them when somebody signs out or the client is closed', async () => {
    const browser = new FakeBrowser();
    const { client } = await browser.open();
    const allow = browser.refuseWrites();
    const first = client.answers.want(answer(1));
    const refused = expect(first).rejects.toMatchObject({ code: 'signed_out' });
    void client.persistence.signOut({ confirmed: true });
    await browser.settle();
    allow();
    await browser.pass(60_000);
    await refused;
    const second = client.answers.want(answer(2));
    const closed = expect(second).rejects.toMatchObject({ code: 'closed' });
    await client.close();
    await closed;
  });

  it('that cannot be read at the start keep nothing else from beginning', async () => {
    const browser = new FakeBrowser();
    const mend = browser.refuseReads('answers');
    const { client } = await browser.open();
    mend();
    expect(client.persistence.getQueueStatus().storage).toBe('durable');
    await client.answers.want(answer(1));
    expect(await browser.recordsOf('answers')).toHaveLength(1);
  });

  it('can be ended from any tab', async () => {
    const browser = new FakeBrowser();
    const sender = await browser.open();
    const writer = await browser.open();
    await writer.client.answers.want(answer(1));
    await browser.settle();
    sender.client.answers.ended(idOf(1));
    await browser.settle();
    expect(writer.client.answers.pending()).toEqual([]);
    expect(await browser.recordsOf('answers')).toEqual([]);
  });
});
