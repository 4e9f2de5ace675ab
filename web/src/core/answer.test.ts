import { describe, expect, it } from 'vitest';
import type { CompletionEvent } from '../api/types';
import { type Answer, answerParts, answerStatus, emptyAnswer, hasBegun, reduceAnswer } from './answer';

function play(events: (CompletionEvent | { event: 'stopped' })[], start: Answer = emptyAnswer()): Answer {
  return events.reduce((answer, event, index) => reduceAnswer(answer, event, index * 100), start);
}

const start: CompletionEvent = { event: 'start', provider: 'p', model: 'm' };
const text = (value: string): CompletionEvent => ({ event: 'delta', delta: { type: 'text', text: value } });
const reasoning = (value: string): CompletionEvent => ({ event: 'delta', delta: { type: 'reasoning', text: value } });

describe('reduceAnswer', () => {
  it('joins text and measures the reasoning before it', () => {
    const answer = play([start, reasoning('Let me '), reasoning('see'), text('Hel'), text('lo'), { event: 'usage', usage: { outputTokens: 2 } }, { event: 'done', finishReason: 'stop' }]);
    expect(answerStatus(answer)).toBe('complete');
    expect(answer.usage).toEqual({ outputTokens: 2 });
    expect(answerParts(answer)).toEqual([
      { type: 'reasoning', text: 'Let me see', durationMs: 200 },
      { type: 'text', text: 'Hello' },
    ]);
  });

  it('keeps the partial text and the reason of an error', () => {
    const answer = play([start, text('Half'), { event: 'error', code: 'provider_overloaded', detail: 'Busy.', retryable: true }]);
    expect(answerStatus(answer)).toBe('failed');
    expect(answerParts(answer)).toEqual([
      { type: 'text', text: 'Half' },
      { type: 'error', code: 'provider_overloaded', detail: 'Busy.' },
    ]);
  });

  it('marks a lost connection as interrupted and a stop as stopped', () => {
    expect(answerStatus(play([text('x'), { event: 'error', code: 'connection_lost', detail: '', retryable: true }]))).toBe('interrupted');
    const stopped = play([text('x'), { event: 'stopped' }]);
    expect(answerStatus(stopped)).toBe('stopped');
    expect(answerParts(stopped)).toEqual([{ type: 'text', text: 'x' }]);
  });

  it("takes the end of a run that was stopped or whose server died for what it is", () => {
    const stopped = play([text('x'), { event: 'error', code: 'stopped', detail: '', retryable: false }]);
    expect([answerStatus(stopped), answerParts(stopped)]).toEqual(['stopped', [{ type: 'text', text: 'x' }]]);
    const interrupted = play([text('x'), { event: 'error', code: 'interrupted', detail: '', retryable: true }]);
    expect([answerStatus(interrupted), answerParts(interrupted)]).toEqual(['interrupted', [{ type: 'text', text: 'x' }]]);
  });

  it('says that the length limit cut an answer', () => {
    expect(answerParts(play([text('x'), { event: 'done', finishReason: 'length' }])).at(-1)).toMatchObject({ type: 'error', code: 'finish_length' });
  });

  it('puts tool calls together and keeps arguments that are no JSON', () => {
    const answer = play([
      { event: 'delta', delta: { type: 'toolCall', index: 0, id: 't', name: 'look', argumentsDelta: '{"at":' } },
      { event: 'delta', delta: { type: 'toolCall', index: 0, argumentsDelta: '1}' } },
      { event: 'delta', delta: { type: 'toolCall', index: 1, id: 'u', name: 'cut', argumentsDelta: '{"x' } },
    ]);
    expect(answerParts(answer)).toEqual([
      { type: 'toolCall', id: 't', name: 'look', arguments: { at: 1 } },
      { type: 'toolCall', id: 'u', name: 'cut', arguments: { unparsed: '{"x' } },
    ]);
  });

  it('remembers what the server has kept of it', () => {
    expect(play([text('x'), { event: 'notice', code: 'not_logged', detail: '' }, { event: 'done', finishReason: 'stop', receipt: { persisted: false, journalPosition: 17 } }]).receipt).toEqual({ persisted: false, journalPosition: 17 });
    expect(play([text('x'), { event: 'done', finishReason: 'stop' }]).receipt).toBe(null);
  });

  it('changes nothing after the end', () => {
    const ended = play([text('x'), { event: 'stopped' }]);
    expect(reduceAnswer(ended, text('y'), 1)).toBe(ended);
  });

  it('goes on from the text of a continued answer', () => {
    expect(play([text(' world')], emptyAnswer({ text: 'Hello', reasoning: '' })).text).toBe('Hello world');
  });

  it('has begun with the first piece of any kind', () => {
    expect(hasBegun(play([start]))).toBe(false);
    expect(hasBegun(play([start, reasoning('a')]))).toBe(true);
  });
});
