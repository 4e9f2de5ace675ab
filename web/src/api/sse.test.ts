import { describe, expect, it } from 'vitest';
import { SseParser, type ServerSentEvent } from './sse';

const STREAM =
  ': ping\n\nid: 1\nevent: start\ndata: {"model":"m"}\n\nid: 2\r\nevent: delta\r\ndata: {"text":"Grüße, 世界 👋🏽"}\r\n\r\n' +
  'event: delta\rdata: first\rdata:second\r\rdata\n\nid: 9\ndata: last\n\nevent: done\ndata: cut off';

const EVENTS: ServerSentEvent[] = [
  { event: 'start', data: '{"model":"m"}', id: '1' },
  { event: 'delta', data: '{"text":"Grüße, 世界 👋🏽"}', id: '2' },
  { event: 'delta', data: 'first\nsecond', id: '2' },
  { event: 'message', data: '', id: '2' },
  { event: 'message', data: 'last', id: '9' },
];

describe('SseParser', () => {
  const bytes = new TextEncoder().encode(STREAM);

  it('reads the same events from two chunks cut at every byte border', () => {
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const parser = new SseParser();
      const events = [...parser.push(bytes.slice(0, cut)), ...parser.push(bytes.slice(cut))];
      expect(events, `cut at byte ${cut}`).toEqual(EVENTS);
    }
  });

  it('reads the same events byte by byte', () => {
    const parser = new SseParser();
    expect([...bytes].flatMap((byte) => parser.push(Uint8Array.of(byte)))).toEqual(EVENTS);
  });

  it('gives up a stream whose line or event has no end, and does not look through it again and again', () => {
    for (const endless of ['x'.repeat(65_536), `data: ${'x'.repeat(65_536)}\n`]) {
      const parser = new SseParser();
      const chunk = new TextEncoder().encode(endless);
      const pushes = () => {
        for (let count = 0; count < 100; count += 1) parser.push(chunk);
      };
      expect(pushes).toThrow(TypeError);
    }
  });

  it('gives nothing for comments and for an event that the end cuts off', () => {
    const parser = new SseParser();
    expect(parser.push(new TextEncoder().encode(': ping\n\nevent: delta\ndata: half'))).toEqual([]);
  });
});
