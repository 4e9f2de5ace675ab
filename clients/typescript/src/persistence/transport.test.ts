import { describe, expect, it } from 'vitest';
import type { WireSend } from '../engine/wire.js';
import { FakeBrowser } from '../testing/fakeBrowser.js';
import { retryAfterMs, Transport } from './transport.js';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const HOUR_MS = 3_600_000;

describe('Transport', () => {
  it('takes no more of an answer than can be one', async () => {
    const { tab } = await new FakeBrowser().open();
    let sent = 0;
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1_000_000;
        controller.enqueue(new Uint8Array(1_000_000).fill(32));
      },
      cancel: () => {
        isCancelled = true;
      },
    });
    const transport = new Transport({ ...tab.environment, fetch: async () => new Response(endless) }, { baseUrl: '' });
    const batch = { type: 'send', request: 1, body: '{}', creates: [] } as unknown as WireSend;
    const answer = await transport.send(batch, new AbortController().signal, () => true);
    expect(answer).toEqual({ how: 'append', answer: { status: 200, retryAfterMs: undefined, body: '' } });
    expect(isCancelled).toBe(true);
    expect(sent).toBeLessThan(8_000_000);
  });
});

describe('Retry-After', () => {
  it.each([
    [null, undefined],
    ['', undefined],
    ['soon', undefined],
    ['0', 0],
    [' 7 ', 7_000],
    ['999999999', HOUR_MS],
    ['1000000000000', HOUR_MS],
    ['9'.repeat(400), HOUR_MS],
    ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['Sat, 21 Nov 2099 12:00:00 GMT', HOUR_MS],
  ])('%j means %s', (text, expected) => {
    const response = new Response('', text === null ? {} : { headers: { 'retry-after': text } });
    expect(retryAfterMs(response, NOW)).toBe(expected);
  });
});
