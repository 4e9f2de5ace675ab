import { hasBegun } from '../core/answer';
import { shownPath } from '../core/messageTree';
import { type Message, textOf } from '../core/messages';
import { putMessages } from '../state/actions';
import type { Store } from '../state/store';
import { endOf, isLost } from './answerFailures';
import type { AnswerMessages } from './answerMessages';
import type { AnswerReader } from './answerReader';
import type { AnswerTurns } from './answerTurns';
import type { ConversationService } from './conversationService';
import type { AnswerMemory } from './persistenceService';
import { answerOf } from './turn';

interface FollowerParts {
  store: Store;
  conversations: ConversationService;
  memory: AnswerMemory;
  reader: AnswerReader;
  messages: AnswerMessages;
  turns: AnswerTurns;
  /** Told when no answer is shown any more in a conversation. */
  onFree(conversationId: string): void;
}

/** Answers that the server writes and keeps, whoever asked for them: read along and shown as they come. */
export class AnswerFollower {
  private readonly store: Store;
  private readonly conversations: ConversationService;
  private readonly memory: AnswerMemory;
  private readonly reader: AnswerReader;
  private readonly messages: AnswerMessages;
  private readonly turns: AnswerTurns;
  private readonly onFree: FollowerParts['onFree'];
  /** Runs that were followed once: one that could not be followed to its end is not tried again at once. */
  private readonly followed = new Set<string>();

  constructor({ store, conversations, memory, reader, messages, turns, onFree }: FollowerParts) {
    this.store = store;
    this.conversations = conversations;
    this.memory = memory;
    this.reader = reader;
    this.messages = messages;
    this.turns = turns;
    this.onFree = onFree;
  }

  /** A run that is read to its end already is not followed once more. */
  note(runId: string): void {
    this.followed.add(runId);
  }

  /** Every run may be followed again. */
  forget(): void {
    this.followed.clear();
  }

  /** Shows the newest answer of the shown path that the server is still writing, as it comes. */
  followRunning(conversationId: string): void {
    if (this.turns.running.has(conversationId)) return;
    const thread = this.messages.thread(conversationId);
    const message = shownPath(thread.messages, thread.choices).findLast((item) => item.message.status === 'running' && item.message.seq !== null)?.message;
    if (message?.runId === undefined || this.followed.has(message.runId) || this.turns.has(message.runId)) return;
    this.followed.add(message.runId);
    void this.follow(message, message.runId);
  }

  /**
   * An answer that somebody else has begun: there is no message of it yet. While the server is away nobody knows whether it was begun, and
   * nothing waits for it here.
   */
  expect(conversationId: string, messageId: string, runId: string, parentId: string): void {
    const thread = this.messages.thread(conversationId);
    if (!this.store.getState().connectivity.reachable) return;
    if (thread.status !== 'ready' || thread.messages.has(messageId) || !thread.messages.has(parentId)) return;
    if (this.turns.running.has(conversationId) || this.followed.has(runId) || this.turns.has(runId)) return;
    const message = this.messages.begun(conversationId, parentId, { id: messageId, runId });
    putMessages(this.store, conversationId, [message]);
    this.followed.add(runId);
    void this.follow(message, runId);
    const stopLooking = this.store.subscribe(({ connectivity }) => {
      if (connectivity.reachable && this.turns.running.get(conversationId)?.message.id === messageId) return;
      stopLooking();
      if (!connectivity.reachable) this.letGo(conversationId, runId);
    });
  }

  /** Waits no longer for an answer of which nothing has come; the conversation is free. */
  private letGo(conversationId: string, runId: string): void {
    const turn = this.turns.running.get(conversationId);
    if (turn?.runId !== runId || hasBegun(answerOf(turn))) return;
    this.turns.running.delete(conversationId);
    this.followed.delete(runId);
    turn.controller.abort();
    turn.presenter?.finish();
    this.messages.remove(turn.message);
    this.onFree(conversationId);
  }

  /** Shows an answer that the server writes and keeps, whoever asked for it. */
  private async follow(message: Message, runId: string): Promise<void> {
    const { conversationId } = message;
    const turn = this.turns.begin(message, runId);
    const presenter = this.turns.present(turn, textOf(message.content));
    const { controller } = turn;
    turn.isRecorded = true;
    turn.isAsking = true;
    try {
      for await (const event of this.reader.follow(runId, controller.signal)) presenter.apply(event);
    } catch (error) {
      if (this.turns.isRunning(turn)) presenter.apply(endOf(error, controller.signal));
    }
    if (!this.turns.isRunning(turn) || this.turns.isCutOff(turn)) return;
    this.turns.running.delete(conversationId);
    const answer = presenter.finish();
    this.messages.showFollowed(message, answer);
    if (!isLost(answer)) this.memory.ended(runId);
    await this.conversations.catchUp(conversationId).catch(() => undefined);
    // Nothing came of an answer that was only expected.
    if (!hasBegun(answer)) this.messages.remove(message);
    this.onFree(conversationId);
  }
}
