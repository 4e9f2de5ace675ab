import type { Message } from '../core/messages';
import type { Store } from '../state/store';
import { AnswerPresenter } from './answerPresenter';
import type { AnswerMessages } from './answerMessages';
import { newTurn, type Turn } from './turn';

/** The answers of this page that have not ended: of each conversation at most one is shown as it comes; the others wait. */
export class AnswerTurns {
  /** By conversation: the answer that is shown as it comes. */
  readonly running = new Map<string, Turn>();
  /** By run: answers that wait for the server, or for the one that is shown. */
  readonly parked = new Map<string, Turn>();
  /** Whether the page is perhaps being closed. */
  isLeaving = false;
  private readonly store: Store;
  private readonly messages: AnswerMessages;

  constructor(store: Store, messages: AnswerMessages) {
    this.store = store;
    this.messages = messages;
  }

  begin(message: Message, runId: string, traceparent?: string, continued?: Message): Turn {
    return newTurn(message, runId, traceparent, continued, this.messages.thread(message.conversationId).choices);
  }

  has(runId: string): boolean {
    return this.parked.has(runId) || [...this.running.values()].some((turn) => turn.runId === runId);
  }

  /** The turn of a run in its conversation. */
  find(conversationId: string, runId: string): Turn | undefined {
    const shown = this.running.get(conversationId);
    return shown?.runId === runId ? shown : this.parked.get(runId);
  }

  isRunning(turn: Turn): boolean {
    return this.running.get(turn.message.conversationId) === turn;
  }

  /** One that waits and may be asked for. */
  due(conversationId: string): Turn | undefined {
    return [...this.parked.values()].find((turn) => turn.isDue && turn.message.conversationId === conversationId);
  }

  /** Begins to show a turn as it comes, as the one of its conversation. */
  present(turn: Turn, bridge = ''): AnswerPresenter {
    const { conversationId, id } = turn.message;
    const presenter = new AnswerPresenter(this.store, conversationId, id, turn.soFar, bridge);
    turn.presenter = presenter;
    this.running.set(conversationId, turn);
    return presenter;
  }

  /** Connections that end while the page is being closed say nothing about an answer that goes on without it. */
  isCutOff(turn: Turn): boolean {
    turn.wasCutOff = this.isLeaving && (turn.isRecorded || turn.isRemembered) && !turn.controller.signal.aborted;
    return turn.wasCutOff;
  }
}
