import { describe, expect, it } from 'vitest';
import { type Message, newerCopy } from './messages';

const message = (change: Partial<Message> = {}): Message => ({
  id: 'm',
  conversationId: 'c',
  parentId: null,
  seq: 3,
  role: 'assistant',
  content: [{ type: 'text', text: 'Whole' }],
  status: 'complete',
  createdAt: '',
  storedAt: '2026-01-01T00:00:00.000Z',
  ...change,
});

describe('newerCopy', () => {
  it('takes what the server tells', () => {
    const incoming = message({ status: 'interrupted' });
    expect(newerCopy(undefined, incoming)).toBe(incoming);
    expect(newerCopy(message({ status: 'running' }), incoming)).toEqual(incoming);
    expect(newerCopy(message({ editedAt: '2026-01-01T00:00:01.000Z' }), message({ editedAt: '2026-01-01T00:00:02.000Z', deletedAt: 'x', content: [] }))).toMatchObject({ content: [], deletedAt: 'x' });
  });

  it('keeps an ended answer before a copy of when it was written, with its place', () => {
    const known = message({ seq: null, storedAt: null, status: 'stopped' });
    const incoming = message({ status: 'running', runId: 'r', content: [{ type: 'text', text: 'Who' }] });
    expect(newerCopy(known, incoming)).toEqual(message({ status: 'stopped', runId: 'r' }));
  });

  it('goes on with an answer whose connection was lost when the server is still writing it', () => {
    expect(newerCopy(message({ status: 'interrupted' }), message({ status: 'running' })).status).toBe('running');
  });

  it('keeps an edited wording before the one of before', () => {
    const known = message({ editedAt: '2026-01-01T00:00:01.000Z', content: [{ type: 'text', text: 'New' }] });
    expect(newerCopy(known, message())).toMatchObject({ content: [{ type: 'text', text: 'New' }] });
  });

  it('keeps how long the reasoning took', () => {
    const known = message({ seq: null, content: [{ type: 'reasoning', text: 'Hm', durationMs: 1200 }] });
    expect(newerCopy(known, message({ content: [{ type: 'reasoning', text: 'Hm' }] })).content).toEqual([{ type: 'reasoning', text: 'Hm', durationMs: 1200 }]);
    expect(newerCopy(known, message({ content: [{ type: 'reasoning', text: 'Other' }] })).content).toEqual([{ type: 'reasoning', text: 'Other' }]);
  });
});
