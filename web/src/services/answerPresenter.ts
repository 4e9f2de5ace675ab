import type { CompletionEvent } from '../api/types';
import { type Answer, reduceAnswer } from '../core/answer';
import { nextVisibleLength } from '../core/pacing';
import { finishedSentences, speakable } from '../core/sentences';
import { announce, putAnswer } from '../state/actions';
import type { Store } from '../state/store';

/** While the page is hidden the browser draws no frames; the store is then brought up to date this often, in milliseconds. */
const HIDDEN_FRAME_MS = 250;

/** A screen reader is given what has been finished at most this often, in milliseconds. */
const ANNOUNCE_EVERY_MS = 1_500;

/**
 * Stands between the event stream and the store: takes events as they come and publishes at most once per frame, in
 * steady steps. The whole answer is always in `answer`; the store holds what is shown of it.
 */
export class AnswerPresenter {
  answer: Answer;
  private readonly store: Store;
  private readonly conversationId: string;
  private readonly messageId: string;
  private readonly startedAt: number;
  private readonly bridge: string;
  private visibleLength: number;
  private lastFrameAt: number;
  private spokenTo: number;
  private lastSpokenAt: number;
  private frame: number | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly paced: boolean;

  /** `bridge` is what is shown until more than that of the answer has come: the text that was known before it was read anew. */
  constructor(store: Store, conversationId: string, messageId: string, answer: Answer, bridge = '') {
    this.store = store;
    this.conversationId = conversationId;
    this.messageId = messageId;
    this.answer = answer;
    this.startedAt = performance.now();
    this.lastFrameAt = this.startedAt;
    this.lastSpokenAt = this.startedAt;
    this.bridge = bridge;
    this.visibleLength = Math.max(answer.text.length, bridge.length);
    this.spokenTo = this.visibleLength;
    this.paced = !matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.publish();
  }

  apply(event: CompletionEvent | { event: 'stopped' }): void {
    this.answer = reduceAnswer(this.answer, event, performance.now());
    this.schedule();
  }

  /** Ends the presentation: the store's live answer goes away, the message itself takes its place. */
  finish(): Answer {
    this.unschedule();
    announce(this.store, speakable(this.answer.text.slice(this.spokenTo)));
    putAnswer(this.store, this.conversationId, null);
    return this.answer;
  }

  private schedule(): void {
    if (this.frame !== undefined || this.timer !== undefined) return;
    const run = () => {
      this.unschedule();
      this.onFrame(performance.now());
    };
    this.frame = requestAnimationFrame(run);
    this.timer = setTimeout(run, HIDDEN_FRAME_MS);
  }

  private unschedule(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.frame = undefined;
    this.timer = undefined;
  }

  private onFrame(now: number): void {
    const elapsed = Math.min(now - this.lastFrameAt, HIDDEN_FRAME_MS);
    this.lastFrameAt = now;
    const text = this.answer.text;
    if (text.length < this.bridge.length) return this.publish();
    this.visibleLength = this.paced && document.visibilityState === 'visible' ? nextVisibleLength(text, this.visibleLength, elapsed) : text.length;
    this.publish();
    this.speak(now);
    if (this.visibleLength < text.length) this.schedule();
  }

  private publish(): void {
    const { answer } = this;
    putAnswer(this.store, this.conversationId, {
      messageId: this.messageId,
      text: answer.text.length < this.bridge.length ? this.bridge : answer.text.slice(0, this.visibleLength),
      reasoning: answer.reasoning,
      reasoningDurationMs: answer.reasoningDurationMs,
      toolNames: answer.toolCalls.map((call) => call.name),
      model: answer.model,
      usage: answer.usage,
      startedAt: this.startedAt,
      end: answer.end,
    });
  }

  private speak(now: number): void {
    if (now - this.lastSpokenAt < ANNOUNCE_EVERY_MS) return;
    const { sentences, end } = finishedSentences(this.answer.text.slice(0, this.visibleLength), this.spokenTo);
    if (sentences === '') return;
    this.spokenTo = end;
    this.lastSpokenAt = now;
    announce(this.store, sentences);
  }
}
