import type { ApiClient } from '../api/client';
import type { CompletionEvent } from '../api/types';
import { reduceAnswer } from '../core/answer';
import type { Environment } from '../core/ids';
import { putAnswerWaiting, putProblem } from '../state/actions';
import type { Store } from '../state/store';
import { endOf, failureOf } from './answerFailures';
import { AnswerFollower } from './answerFollower';
import { AnswerMessages } from './answerMessages';
import { AnswerReader } from './answerReader';
import { AnswerRequests } from './answerRequests';
import { AnswerTurns } from './answerTurns';
import type { ConversationService } from './conversationService';
import type { AnswerMemory, AnswerState, Outbox, PendingAnswer } from './persistenceService';
import { unlimitedPlaces } from './streamPlaces';
import { answerOf, hasCome, type Turn, type TurnOptions } from './turn';

/** How long an answer waits at most until this device remembers it, in milliseconds. */
const MEMORY_WAIT_MS = 300;

/**
 * Answers: asked for, shown as they come, kept when they have ended, however they have ended.
 *
 * What is asked for is remembered on the device first. While the server is away an answer waits; when a tab dies another one goes on with what
 * it had asked for. Asking again never makes a second answer: the run's id stays the same.
 */
export class AnswerService {
  private readonly api: ApiClient;
  private readonly store: Store;
  private readonly conversations: ConversationService;
  private readonly messages: AnswerMessages;
  private readonly memory: AnswerMemory;
  private readonly environment: Environment;
  private readonly reader: AnswerReader;
  private readonly turns: AnswerTurns;
  private readonly follower: AnswerFollower;

  constructor(api: ApiClient, store: Store, conversations: ConversationService, outbox: Outbox, memory: AnswerMemory, environment: Environment, places = unlimitedPlaces) {
    this.api = api;
    this.store = store;
    this.conversations = conversations;
    this.messages = new AnswerMessages(store, conversations, outbox, environment);
    this.memory = memory;
    this.environment = environment;
    this.reader = new AnswerReader(api, new AnswerRequests(store, conversations), places);
    this.turns = new AnswerTurns(store, this.messages);
    const { messages, reader, turns } = this;
    this.follower = new AnswerFollower({ store, conversations, memory, reader, messages, turns, onFree: (conversationId) => this.askWhatIsDue(conversationId) });
    memory.subscribe((answer, state) => this.onMemory(answer, state));
  }

  /** The answer that is shown as it comes in a conversation. */
  shownIn(conversationId: string): string | null {
    return this.turns.running.get(conversationId)?.message.id ?? null;
  }

  /**
   * Asks for an answer; while another one is coming in this conversation, whoever asked for that, it waits for its end. One that waits for the
   * same question gives way.
   */
  answer({ conversationId, parentId, continued, traceparent = this.environment.newTrace() }: TurnOptions): void {
    this.cancelWaitingFor(parentId);
    const message = this.messages.begun(conversationId, parentId);
    const turn = this.turns.begin(message, this.environment.newId(), traceparent, continued);
    if (this.turns.running.has(conversationId)) this.lineUp(turn);
    else this.turns.present(turn);
    putProblem(this.store, parentId, null);
    this.messages.show(message);
    const ask = () => {
      turn.isDue = true;
      if (this.turns.isRunning(turn)) void this.ask(turn);
      else this.askWhatIsDue(conversationId);
    };
    const config = this.store.getState().conversations[conversationId]?.config ?? {};
    const request = { config, ...(continued ? { continued: continued.id } : {}) };
    this.memory.want({ runId: turn.runId, conversationId, answerId: message.id, parentId, request, traceparent }).then(
      () => {
        turn.isRemembered = true;
      },
      ask,
    );
    // An answer never waits for the device's store.
    setTimeout(() => {
      if (this.turns.has(turn.runId) && !turn.isAsking && !turn.isDue && this.memory.state(turn.runId)?.state !== 'waiting') ask();
    }, MEMORY_WAIT_MS);
  }

  /**
   * Lets go of answers of a conversation that wait for the server: something else is asked instead. What had come of one is kept as it is; where
   * the server goes on with it, the server's text takes its place.
   */
  cancelWaiting(conversationId: string): void {
    for (const turn of this.turns.parked.values()) if (turn.message.conversationId === conversationId) this.cancel(turn);
  }

  /** The person does not want an answer any more that waits for the server. */
  giveUp(answerId: string): void {
    const turn = [...this.turns.parked.values()].find(({ message }) => message.id === answerId);
    if (!turn) return;
    this.cancel(turn);
    if (turn.message.parentId && !hasCome(turn)) putProblem(this.store, turn.message.parentId, { code: 'stopped', detail: '' });
    this.askWhatIsDue(turn.message.conversationId);
  }

  /** The same for the answer to one message: the person has taken it back. */
  cancelWaitingFor(messageId: string): void {
    for (const turn of this.turns.parked.values()) if (turn.message.parentId === messageId) this.cancel(turn);
  }

  /** Shows the newest answer of the shown path that the server is still writing, as it comes. */
  followRunning(conversationId: string): void {
    this.follower.followRunning(conversationId);
  }

  /** An answer that somebody else has begun: there is no message of it yet. */
  expect(conversationId: string, messageId: string, runId: string, parentId: string): void {
    this.follower.expect(conversationId, messageId, runId, parentId);
  }

  /** A conversation was read: shows what is still being written in it, also what this device waits for. */
  takeUp(conversationId: string): void {
    for (const pending of this.memory.pending()) {
      if (pending.conversationId !== conversationId || this.turns.has(pending.runId)) continue;
      const state = this.memory.state(pending.runId);
      // Another tab looks after it: here it is read along.
      if (state === null) this.expect(conversationId, pending.answerId, pending.runId, pending.parentId);
      else if (state.state === 'waiting') this.expectLater(pending, state);
    }
    this.followRunning(conversationId);
  }

  /** The server is back: connections that were lost are opened again at once, and every run may be followed again. */
  serverIsBack(): void {
    this.follower.forget();
    this.reader.serverIsBack();
  }

  stop(conversationId: string): void {
    const turn = this.turns.running.get(conversationId);
    if (!turn) return;
    // What is shown ends at once. When the server cannot be told it writes the answer to its end.
    this.api.stopRun(turn.runId).catch(() => undefined);
    turn.controller.abort();
    if (turn.isAsking) return;
    turn.presenter?.apply({ event: 'stopped' });
    this.end(turn);
  }

  /** The page is perhaps being closed: from here on the browser takes connections away. */
  prepareToLeave(): void {
    this.turns.isLeaving = true;
  }

  /**
   * The page is being closed: what the server keeps goes on there, what this device remembers is taken up by the next tab; every other answer
   * ends as interrupted, and what has come of it is kept.
   */
  leave(): void {
    this.turns.isLeaving = true;
    for (const turn of this.turns.running.values()) {
      if (turn.isRecorded || turn.isRemembered) continue;
      // Nobody would read on.
      this.api.stopRun(turn.runId, { keepalive: true }).catch(() => undefined);
      turn.presenter?.apply({ event: 'error', code: 'connection_lost', detail: 'The page was closed while the answer was coming.', retryable: true });
      this.end(turn);
      turn.controller.abort();
    }
  }

  /** The page was not closed after all, or is brought back as it was: what it had let go of is read again. */
  comeBack(): void {
    this.turns.isLeaving = false;
    this.follower.forget();
    for (const turn of [...this.turns.running.values()].filter(({ wasCutOff }) => wasCutOff)) {
      turn.wasCutOff = false;
      void this.ask(turn);
    }
  }

  private onMemory(pending: PendingAnswer, state: AnswerState): void {
    const { runId, conversationId, answerId } = pending;
    const turn = this.turns.find(conversationId, runId);
    if (state.state === 'start') {
      putAnswerWaiting(this.store, answerId, null);
      if (turn) this.goOn(turn);
      else void this.pickUp(pending);
    } else if (state.state === 'waiting') {
      if (turn) this.park(turn, state);
      else this.expectLater(pending, state);
    }
  }

  /** Asks for an answer that waited, as soon as no other one of its conversation is coming. */
  private goOn(turn: Turn): void {
    const { conversationId } = turn.message;
    const shown = this.turns.running.get(conversationId);
    turn.isRemembered = true;
    turn.isDue = true;
    if (shown && shown !== turn) return this.lineUp(turn);
    if (!shown) {
      this.turns.parked.delete(turn.runId);
      putAnswerWaiting(this.store, turn.message.id, null);
      this.turns.present(turn);
    }
    void this.ask(turn);
  }

  /** Puts an answer behind the one that is coming in its conversation. */
  private lineUp(turn: Turn): void {
    this.turns.parked.set(turn.runId, turn);
    putAnswerWaiting(this.store, turn.message.id, { reason: { code: 'behind_answer', detail: '' }, until: null });
  }

  /** Goes on with what another tab, or this one before it was loaded anew, had asked for. */
  private async pickUp(pending: PendingAnswer): Promise<void> {
    const { runId, conversationId, answerId, parentId, request, traceparent } = pending;
    try {
      await this.conversations.catchUp(conversationId);
    } catch {
      // What this device has of the conversation may be enough; asking tells whether the server is there.
    }
    if (this.turns.has(runId) || this.memory.state(runId) === null) return;
    const { messages } = this.messages.thread(conversationId);
    const known = messages.get(answerId);
    const isKept = known !== undefined && known.seq !== null && known.status !== 'running';
    // Its question was taken back, or belongs to somebody who signed out.
    if (isKept || !messages.has(parentId)) {
      this.memory.ended(runId);
      return;
    }
    const continued = typeof request['continued'] === 'string' ? messages.get(request['continued']) : undefined;
    const message = this.messages.begun(conversationId, parentId, { id: answerId });
    const turn = this.turns.begin(known ?? message, runId, traceparent, continued);
    turn.isRemembered = true;
    if (this.turns.running.has(conversationId)) {
      turn.isDue = true;
      this.lineUp(turn);
      return this.messages.showInItsPlace(turn.message);
    }
    this.turns.present(turn);
    this.messages.showInItsPlace(turn.message);
    await this.ask(turn);
  }

  /** Shows the place of an answer that is asked for when the server is back. */
  private expectLater(pending: PendingAnswer, state: AnswerState & { state: 'waiting' }): void {
    const { runId, conversationId, answerId, parentId, traceparent } = pending;
    const thread = this.messages.thread(conversationId);
    putAnswerWaiting(this.store, answerId, { reason: state.reason, until: state.until });
    if (thread.status !== 'ready' || !thread.messages.has(parentId) || this.turns.has(runId) || this.turns.running.has(conversationId)) return;
    const message = this.messages.begun(conversationId, parentId, { id: answerId });
    const turn = this.turns.begin(thread.messages.get(answerId) ?? message, runId, traceparent);
    turn.isRemembered = true;
    this.turns.parked.set(runId, turn);
    this.messages.showInItsPlace(turn.message);
  }

  /** Asks, and reads until the end, a stop, or a failure. */
  private async ask(turn: Turn): Promise<void> {
    if (turn.isAsking) return;
    turn.isAsking = true;
    turn.isDue = false;
    const { runId, controller } = turn;
    let isHeard = false;
    try {
      for await (const event of this.reader.read(turn)) {
        if (!isHeard) this.memory.began(runId);
        isHeard = true;
        if (event.event === 'notice' && event.code === 'not_recorded') turn.isRecorded = false;
        turn.presenter?.apply(event);
      }
    } catch (error) {
      turn.isAsking = false;
      if (this.turns.isCutOff(turn)) return;
      if (!controller.signal.aborted && this.isTriedAgain(turn, error)) return;
      turn.presenter?.apply(endOf(error, controller.signal));
    }
    turn.isAsking = false;
    this.end(turn);
  }

  /** Whether a failed answer is asked for again later; then it is parked or already asked for. */
  private isTriedAgain(turn: Turn, error: unknown): boolean {
    const failure = failureOf(error);
    if (failure === null) return false;
    const isGone = failure.code === 'run_not_found';
    // The server knows nothing of it: nothing was begun there, or it died before it could keep anything.
    if (isGone && hasCome(turn)) {
      turn.presenter?.apply({ event: 'error', code: 'connection_lost', detail: 'The server lost this answer while it was coming.', retryable: true });
      this.end(turn);
      return true;
    }
    if (isGone) turn.place.lastEventId = null;
    return this.memory.failed(turn.runId, isGone ? { status: 0 } : failure);
  }

  /** Puts an answer aside until the server is back: what has come of it stays shown, and the conversation is free for other questions. */
  private park(turn: Turn, { reason, until }: AnswerState & { state: 'waiting' }): void {
    const { conversationId, id, parentId } = turn.message;
    if (turn.isAsking) return;
    if (this.turns.isRunning(turn)) {
      this.turns.running.delete(conversationId);
      turn.soFar = turn.presenter?.finish() ?? turn.soFar;
      turn.presenter = null;
      this.messages.showSoFar(turn);
      this.turns.parked.set(turn.runId, turn);
    }
    // Its question was refused meanwhile.
    if (this.store.getState().saves.get(parentId ?? '')?.state === 'failed') return this.cancel(turn);
    putAnswerWaiting(this.store, id, { reason, until });
  }

  private cancel(turn: Turn): void {
    this.turns.parked.delete(turn.runId);
    this.memory.ended(turn.runId);
    putAnswerWaiting(this.store, turn.message.id, null);
    if (hasCome(turn)) {
      const lost: CompletionEvent = { event: 'error', code: 'connection_lost', detail: 'The connection broke while the answer was coming.', retryable: true };
      void this.messages.keep(turn, reduceAnswer(turn.soFar, lost, performance.now())).catch(() => undefined);
      return;
    }
    this.messages.undo(turn);
  }

  /** Takes a turn out of those that run and keeps its answer, once. */
  private end(turn: Turn): void {
    const { conversationId } = turn.message;
    if (!this.turns.isRunning(turn)) return;
    this.turns.running.delete(conversationId);
    putAnswerWaiting(this.store, turn.message.id, null);
    const answer = turn.presenter?.finish() ?? answerOf(turn);
    if (answer.end?.kind !== 'failed') this.follower.note(turn.runId);
    // The device forgets that it waits for the answer when it has the answer itself.
    this.messages.keep(turn, answer).then(
      () => this.memory.ended(turn.runId),
      () => undefined,
    );
    this.conversations.refreshTitleSoon(conversationId);
    this.askWhatIsDue(conversationId);
    // Another device may have begun an answer meanwhile.
    this.followRunning(conversationId);
  }

  private askWhatIsDue(conversationId: string): void {
    if (this.turns.running.has(conversationId)) return;
    const due = this.turns.due(conversationId);
    if (due) this.goOn(due);
  }
}
