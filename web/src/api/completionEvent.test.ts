import { describe, expect, it } from 'vitest';
import { parseCompletionEvent } from './completionEvent';

const parse = (event: string, data: unknown) => parseCompletionEvent({ event, data: JSON.stringify(data), id: '' });

describe('parseCompletionEvent', () => {
  it('reads each event of the server', () => {
    expect(parse('start', { provider: 'p', model: 'm' })).toEqual({ event: 'start', provider: 'p', model: 'm' });
    expect(parse('delta', { type: 'text', text: 'Hi' })).toEqual({ event: 'delta', delta: { type: 'text', text: 'Hi' } });
    expect(parse('delta', { type: 'reasoningSignature', signature: 's' })).toEqual({ event: 'delta', delta: { type: 'reasoningSignature', signature: 's' } });
    expect(parse('delta', { type: 'toolCall', index: 0, name: 'n' })).toEqual({ event: 'delta', delta: { type: 'toolCall', index: 0, name: 'n' } });
    expect(parse('usage', { inputTokens: 3 })).toEqual({ event: 'usage', usage: { inputTokens: 3 } });
    expect(parse('notice', { code: 'c', detail: 'd' })).toEqual({ event: 'notice', code: 'c', detail: 'd' });
    expect(parse('done', { finishReason: 'stop', persisted: false, journalPosition: 4 })).toEqual({ event: 'done', finishReason: 'stop', receipt: { persisted: false, journalPosition: 4 } });
    expect(parse('error', { code: 'c', detail: 'd', retryable: true, traceId: 't' })).toEqual({ event: 'error', code: 'c', detail: 'd', retryable: true, traceId: 't' });
  });

  it('leaves out what has another form: nobody shows or keeps what was never said', () => {
    const nonsense = [null, 7, 'text', [], {}, { type: 'text' }, { type: 'text', text: 5 }, { type: 'reasoning', text: null }, { type: 'reasoningSignature' }, { type: 'of the future' }];
    const calls = [-1, 0.5, 4_294_967_294, '0', null].map((index) => ({ type: 'toolCall', index }));
    const others = [{ type: 'toolCall', index: 0, argumentsDelta: {} }, { provider: {}, model: 'm' }, { code: 'c', detail: {} }, { finishReason: {} }];
    for (const event of ['start', 'delta', 'notice', 'done', 'error', 'of the future']) {
      for (const data of [...nonsense, ...calls, ...others]) expect(parse(event, data), `${event} ${JSON.stringify(data)}`).toBeNull();
    }
    expect(parse('usage', { inputTokens: 'many', outputTokens: 2, reasoningTokens: -1 })).toEqual({ event: 'usage', usage: { outputTokens: 2 } });
    expect(parse('usage', null)).toBeNull();
    expect(parseCompletionEvent({ event: 'delta', data: '<html>', id: '' })).toBeNull();
  });

  it('believes no receipt that is none', () => {
    expect(parse('done', { finishReason: 'stop', persisted: 'yes', journalPosition: {} })).toEqual({ event: 'done', finishReason: 'stop' });
  });
});
