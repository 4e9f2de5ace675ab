import { describe, expect, it } from 'vitest';
import type { Part, Role } from '../api/types';
import { historyBudget, historyOf } from './history';
import type { Message } from './messages';

function message(role: Role, ...content: Part[]): Message {
  return { id: crypto.randomUUID(), conversationId: 'c', parentId: null, seq: 1, role, content, status: 'complete', createdAt: '', storedAt: null };
}
const text = (value: string): Part => ({ type: 'text', text: value });
const picture: Part = { type: 'image', mediaType: 'image/png', data: 'A'.repeat(1000) };

describe('historyOf', () => {
  it('sends texts, signed reasoning and pictures, but no errors, no deleted and no empty messages', () => {
    const history = historyOf(
      [
        message('user', text('Hello'), picture),
        message('assistant', { type: 'reasoning', text: 'Hm' }, { type: 'reasoning', text: 'Signed', signature: 's' }, text('Hi'), { type: 'error', code: 'x', detail: 'y' }),
        message('assistant', { type: 'error', code: 'x', detail: 'y' }),
        { ...message('assistant', text('Gone')), deletedAt: '2026-01-01T00:00:00.000Z' },
        message('user', text('More')),
      ],
      100_000,
    );
    expect(history).toEqual({
      messages: [
        { role: 'user', content: [text('Hello'), picture] },
        { role: 'assistant', content: [{ type: 'reasoning', text: 'Signed', signature: 's' }, text('Hi')] },
        { role: 'user', content: [text('More')] },
      ],
      omittedMessages: 0,
      omittedImages: 0,
    });
  });

  it('leaves out older pictures before older messages', () => {
    const history = historyOf([message('user', text('Look'), picture), message('assistant', text('Nice')), message('user', text('And?'))], 700);
    expect(history.omittedImages).toBe(1);
    expect(history.omittedMessages).toBe(0);
    expect(history.messages[0]!.content).toEqual([text('Look'), text('[An earlier picture was left out.]')]);
  });

  it('drops the oldest turns when the budget is full, and begins with a user', () => {
    const turns = Array.from({ length: 20 }, (_, index) => message(index % 2 === 0 ? 'user' : 'assistant', text('x'.repeat(100) + index)));
    turns.push(message('user', text('last')));
    const history = historyOf(turns, 900);
    expect(history.messages[0]!.role).toBe('user');
    expect(history.messages.length + history.omittedMessages).toBe(21);
    expect(history.omittedMessages).toBeGreaterThan(0);
  });

  it('sends the newest message even when it is larger than the budget', () => {
    expect(historyOf([message('user', text('x'.repeat(5000)))], 100).messages).toHaveLength(1);
  });
});

describe('historyBudget', () => {
  it('is bounded by the request size and by the context window', () => {
    expect(historyBudget(undefined)).toBe(2_800_000);
    expect(historyBudget(8_000)).toBe(24_000);
    expect(historyBudget(10_000_000)).toBe(2_800_000);
  });
});
