import type { CompletionEvent, FinishReason, MessageStatus, Part, Receipt, Usage } from '../api/types';

interface ToolCallDraft {
  id: string;
  name: string;
  argumentsJson: string;
}

/** An answer while it comes: everything that was received so far, and how it ended once it has. */
export interface Answer {
  provider: string | null;
  model: string | null;
  text: string;
  reasoning: string;
  reasoningSignature: string | null;
  /** When the first piece of reasoning came, in milliseconds of the caller's clock. */
  reasoningStartedAt: number | null;
  /** Known as soon as something else than reasoning follows. */
  reasoningDurationMs: number | null;
  toolCalls: readonly ToolCallDraft[];
  usage: Usage | null;
  end: AnswerEnd | null;
  /** What the server said about what it has kept; `null` where it said nothing. */
  receipt: Receipt | null;
}

export type AnswerEnd =
  | { kind: 'finished'; reason: FinishReason }
  | { kind: 'stopped' }
  | { kind: 'failed'; code: string; detail: string; retryable: boolean };

/** `prefix` is what a continued answer begins with. */
export function emptyAnswer(prefix: { text: string; reasoning: string } = { text: '', reasoning: '' }): Answer {
  return {
    provider: null,
    model: null,
    text: prefix.text,
    reasoning: prefix.reasoning,
    reasoningSignature: null,
    reasoningStartedAt: null,
    reasoningDurationMs: null,
    toolCalls: [],
    usage: null,
    end: null,
    receipt: null,
  };
}

/** The answer after one more event. Nothing changes an answer that has ended. */
export function reduceAnswer(answer: Answer, event: CompletionEvent | { event: 'stopped' }, nowMs: number): Answer {
  if (answer.end) return answer;
  switch (event.event) {
    case 'start':
      return { ...answer, provider: event.provider, model: event.model };
    case 'usage':
      return { ...answer, usage: { ...answer.usage, ...event.usage } };
    case 'notice':
      return answer;
    case 'done':
      return { ...endReasoning(answer, nowMs), receipt: event.receipt ?? null, end: { kind: 'finished', reason: event.finishReason } };
    case 'error':
      // Somebody stopped it, here or elsewhere: no failure.
      if (event.code === 'stopped') return { ...endReasoning(answer, nowMs), receipt: event.receipt ?? null, end: { kind: 'stopped' } };
      return { ...endReasoning(answer, nowMs), receipt: event.receipt ?? null, end: { kind: 'failed', code: event.code, detail: event.detail, retryable: event.retryable } };
    case 'stopped':
      return { ...endReasoning(answer, nowMs), end: { kind: 'stopped' } };
    case 'delta':
      break;
  }
  const { delta } = event;
  switch (delta.type) {
    case 'reasoning':
      return { ...answer, reasoning: answer.reasoning + delta.text, reasoningStartedAt: answer.reasoningStartedAt ?? nowMs };
    case 'reasoningSignature':
      return { ...answer, reasoningSignature: delta.signature };
    case 'text':
      return { ...endReasoning(answer, nowMs), text: answer.text + delta.text };
    case 'toolCall': {
      const known = answer.toolCalls[delta.index] ?? { id: '', name: '', argumentsJson: '' };
      const toolCalls = [...answer.toolCalls];
      toolCalls[delta.index] = {
        id: delta.id ?? known.id,
        name: delta.name ?? known.name,
        argumentsJson: known.argumentsJson + (delta.argumentsDelta ?? ''),
      };
      return { ...endReasoning(answer, nowMs), toolCalls };
    }
    default:
      return answer;
  }
}

function endReasoning(answer: Answer, nowMs: number): Answer {
  if (answer.reasoningStartedAt === null || answer.reasoningDurationMs !== null) return answer;
  return { ...answer, reasoningDurationMs: Math.max(0, Math.round(nowMs - answer.reasoningStartedAt)) };
}

/** True once anything of the answer is there. */
export function hasBegun(answer: Answer): boolean {
  return answer.text !== '' || answer.reasoning !== '' || answer.toolCalls.length > 0;
}

/** The message parts that keep this answer, with an error part that says why it is not whole. */
export function answerParts(answer: Answer): Part[] {
  const parts: Part[] = [];
  if (answer.reasoning !== '') {
    parts.push({
      type: 'reasoning',
      text: answer.reasoning,
      ...(answer.reasoningDurationMs === null ? {} : { durationMs: answer.reasoningDurationMs }),
      ...(answer.reasoningSignature === null ? {} : { signature: answer.reasoningSignature }),
    });
  }
  if (answer.text !== '') parts.push({ type: 'text', text: answer.text });
  for (const call of answer.toolCalls) {
    if (call) parts.push({ type: 'toolCall', id: call.id, name: call.name, arguments: parseArguments(call.argumentsJson) });
  }
  const problem = endProblem(answer.end);
  if (problem) parts.push({ type: 'error', ...problem });
  return parts;
}

export function answerStatus(answer: Answer): MessageStatus {
  switch (answer.end?.kind) {
    case 'finished':
      return 'complete';
    case 'stopped':
      return 'stopped';
    case 'failed':
      return isInterruption(answer.end.code) ? 'interrupted' : 'failed';
    case undefined:
      return 'running';
  }
}

/** Codes of an end that is no fault of the model's: the connection broke, or the server died. */
function isInterruption(code: string): boolean {
  return code === 'connection_lost' || code === 'interrupted';
}

function endProblem(end: AnswerEnd | null): { code: string; detail: string } | null {
  if (end?.kind === 'failed' && end.code === 'interrupted') return null;
  if (end?.kind === 'failed') return { code: end.code, detail: end.detail };
  if (end?.kind !== 'finished') return null;
  switch (end.reason) {
    case 'length':
      return { code: 'finish_length', detail: 'The answer reached its length limit.' };
    case 'refusal':
      return { code: 'finish_refusal', detail: 'The model declined to answer.' };
    case 'contentFilter':
      return { code: 'finish_content_filter', detail: "The provider's content filter ended the answer." };
    default:
      return null;
  }
}

function parseArguments(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json || '{}');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // An unfinished tool call is kept as the text that had come.
  }
  return { unparsed: json };
}
