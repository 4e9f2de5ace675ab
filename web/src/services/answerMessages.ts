import type { AppendMessage, Part } from '../api/types';
import { type Answer, answerParts, answerStatus, hasBegun } from '../core/answer';
import type { Environment } from '../core/ids';
import { shownPath } from '../core/messageTree';
import { type Message, newMessage, toAppend } from '../core/messages';
import { changeThread, putMessages, putProblem, putReceipt, removeMessage, showMessage } from '../state/actions';
import { emptyThread, type Store, type Thread } from '../state/store';
import { isOwnFailure } from './answerFailures';
import type { ConversationService } from './conversationService';
import type { Outbox } from './persistenceService';
import type { Turn } from './turn';

/** The messages of answers: where they stand in their conversations while they come, and how they are kept when they have ended. */
export class AnswerMessages {
  private readonly store: Store;
  private readonly conversations: ConversationService;
  private readonly outbox: Outbox;
  private readonly environment: Environment;

  constructor(store: Store, conversations: ConversationService, outbox: Outbox, environment: Environment) {
    this.store = store;
    this.conversations = conversations;
    this.outbox = outbox;
    this.environment = environment;
  }

  thread(conversationId: string): Thread {
    return this.store.getState().threads[conversationId] ?? emptyThread;
  }

  /** The message of an answer that is to come. */
  begun(conversationId: string, parentId: string, known: Pick<Partial<Message>, 'id' | 'runId'> = {}): Message {
    return { ...newMessage(this.environment, conversationId, parentId, 'assistant', []), ...known, status: 'running' };
  }

  show(message: Message): void {
    showMessage(this.store, message);
  }

  /** Shows an answer that was asked for before; where something else was said below its question meanwhile, that stays in view. */
  showInItsPlace(message: Message): void {
    const { messages, choices } = this.thread(message.conversationId);
    const last = shownPath(messages, choices).at(-1)?.message.id;
    if (last === message.parentId || last === message.id) this.show(message);
    else putMessages(this.store, message.conversationId, [message]);
  }

  /** Whether the server has it. Then it stands, and others may stand below it. */
  isStored(message: Message): boolean {
    return this.known(message).seq !== null;
  }

  /** Takes an answer away of which nothing has come, unless the server has it. */
  remove(message: Message): void {
    if (!this.isStored(message)) removeMessage(this.store, message.conversationId, message.id);
  }

  /** The same, and shows what was shown before the answer was asked for. */
  undo({ message, choicesBefore }: Turn): void {
    if (this.isStored(message)) return;
    removeMessage(this.store, message.conversationId, message.id);
    changeThread(this.store, message.conversationId, { choices: choicesBefore });
  }

  /** Shows what has come of an answer that is put aside. */
  showSoFar({ message, soFar }: Turn): void {
    if (hasBegun(soFar)) putMessages(this.store, message.conversationId, [{ ...message, content: answerParts(soFar), ...origin(soFar) }]);
  }

  /** Shows an ended answer that the server keeps. What the server could not store itself this page offers to it, as the page that began the answer does. */
  showFollowed(message: Message, answer: Answer): void {
    if (!hasBegun(answer)) return;
    const { conversationId } = message;
    // The server's text stands; what was shown bridges the time until it is read.
    const shown: Message = { ...this.known(message), content: answerParts(answer), status: answerStatus(answer), ...origin(answer) };
    putMessages(this.store, conversationId, [shown]);
    if (message.seq !== null && this.noteReceipt(message.id, answer)) this.queue(toAppend(shown), conversationId).catch(() => undefined);
  }

  /** Puts the ended answer where the running one stood and stores it; an answer of nothing leaves only a note. Resolves when it is safe. */
  async keep(turn: Turn, answer: Answer): Promise<void> {
    const { message, start, traceparent } = turn;
    const { conversationId, parentId } = message;
    const isEmpty = answer.text === start.text && answer.toolCalls.length === 0 && answer.reasoning === start.reasoning;
    const nothingToKeep = isEmpty && !this.isStored(message) && (answer.end?.kind === 'stopped' || (answer.end?.kind === 'failed' && isOwnFailure(answer.end.code)));
    if (nothingToKeep) {
      this.undo(turn);
      const problem = answer.end?.kind === 'failed' ? { code: answer.end.code, detail: answer.end.detail } : { code: 'stopped', detail: '' };
      if (parentId) putProblem(this.store, parentId, problem);
      return;
    }
    const parts = answerParts(answer);
    const content: Part[] = parts.length > 0 ? parts : [{ type: 'error', code: 'empty_answer', detail: 'The model sent an empty answer.' }];
    const kept: Message = { ...this.known(message), content, status: answerStatus(answer), ...origin(answer) };
    putMessages(this.store, conversationId, [kept]);
    this.noteReceipt(message.id, answer);
    await this.queue(toAppend(kept), conversationId, traceparent);
  }

  /** Remembers where an answer is that the server has not stored; the answer tells whether it is such a one. */
  private noteReceipt(messageId: string, { receipt }: Answer): boolean {
    if (receipt === null || receipt.persisted) return false;
    putReceipt(this.store, messageId, receipt.journalPosition === undefined ? 'unstored' : 'journal');
    return true;
  }

  private queue(message: AppendMessage, conversationId: string, traceparent?: string): Promise<void> {
    return this.outbox.queueMessage(message, conversationId, this.conversations.newConversation(conversationId), traceparent);
  }

  /** A message as the page has it by now: the server may have told its place. */
  private known(message: Message): Message {
    return this.thread(message.conversationId).messages.get(message.id) ?? message;
  }
}

function origin(answer: Answer): Partial<Message> {
  return {
    ...(answer.model === null ? {} : { model: answer.model }),
    ...(answer.provider === null ? {} : { provider: answer.provider }),
    ...(answer.usage === null ? {} : { usage: answer.usage }),
  };
}
