import type { RunState, ModelConfig, Part, StoredMessage } from '../api/types';
import type { Environment } from '../core/ids';
import { choicesLeadingTo, hasLostItsParent, pathTo, shownPath } from '../core/messageTree';
import { type Message, newMessage, textOf, toAppend } from '../core/messages';
import { changeConversation, changeThread, putMessages, putReceipt, showMessage } from '../state/actions';
import { emptyThread, type Store, type Thread } from '../state/store';
import type { AnswerService } from './answerService';
import type { ConversationService } from './conversationService';
import type { Outbox } from './persistenceService';

/** How many characters of the first message stand for a title until the server has made one. */
const TITLE_CUT = 60;

/**
 * What a person does with messages: the message is shown at once, the outbox takes care of storing it, and its answer is asked for at the
 * same time. Neither waits for the other; a failure to store never stops an answer.
 */
export class MessageService {
  private readonly store: Store;
  private readonly conversations: ConversationService;
  private readonly answers: AnswerService;
  private readonly outbox: Outbox;
  private readonly environment: Environment;

  /** Is told of a message that this device did not take, with its words. */
  onNotTaken: (conversationId: string, text: string, error: unknown) => void = () => undefined;

  constructor(store: Store, conversations: ConversationService, answers: AnswerService, outbox: Outbox, environment: Environment) {
    this.store = store;
    this.conversations = conversations;
    this.answers = answers;
    this.outbox = outbox;
    this.environment = environment;
  }

  /**
   * Shows a user's message at the end of the shown path, stores it and asks for its answer. An answer that has not begun, because the server is
   * away or another one is coming, gives way: the model answers both messages then.
   * Without a conversation one is begun, with `config` as its settings.
   */
  sendMessage(content: string | Part[], conversationId?: string, config: ModelConfig = {}): { conversationId: string; messageId: string } {
    const parts: Part[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const traceparent = this.environment.newTrace();
    const id = conversationId ?? this.conversations.begin(config, titleCut(parts), traceparent);
    this.answers.cancelWaiting(id);
    return { conversationId: id, messageId: this.say(id, this.lastToFollow(this.thread(id)), parts, traceparent) };
  }

  /**
   * The last message of the shown path that can be followed: what the server has refused cannot, nor what comes after that. Where the whole
   * conversation is missing there, everything goes together into another one.
   */
  private lastToFollow({ messages, choices }: Thread): string | null {
    const { saves } = this.store.getState();
    const path = shownPath(messages, choices);
    const refused = (message: Message) => (message.seq === null && saves.get(message.id)?.state === 'failed' ? saves.get(message.id) : undefined);
    const stuck = path.findIndex(({ message }) => refused(message) !== undefined || hasLostItsParent(message, (id) => messages.has(id)));
    const isFree = stuck < 0 || refused(path[stuck]!.message)?.reason?.code === 'conversation_not_found';
    const followed = isFree ? path : path.slice(0, stuck);
    return followed.at(-1)?.message.id ?? null;
  }

  /** Takes what the server tells of a run. Of an answer that has not begun there is no message yet; it is awaited below the last question. */
  hearRun({ id, status, conversationId, messageId }: RunState): void {
    if (status !== 'running' || conversationId === undefined || messageId === undefined) return;
    const thread = this.thread(conversationId);
    const last = shownPath(thread.messages, thread.choices).at(-1)?.message;
    if (last?.role === 'user') this.answers.expect(conversationId, messageId, id, last.id);
  }

  /** Takes a message that the server tells of itself, where its conversation is loaded. */
  hear(message: StoredMessage): void {
    const { conversationId } = message;
    this.conversations.remember([message]);
    const thread = this.store.getState().threads[conversationId];
    if (!thread || thread.status === 'missing') return;
    // What is shown as it comes is ahead of what the server has of it. That the server has it counts: others can stand below it.
    if (this.answers.shownIn(conversationId) === message.id) {
      const known = thread.messages.get(message.id);
      if (known?.seq === null) putMessages(this.store, conversationId, [{ ...known, seq: message.seq, storedAt: message.storedAt }]);
      return;
    }
    const { oldest, newest } = loadedRange(thread);
    // Further up than what is loaded: it is read with its page.
    if (message.seq < oldest && thread.older !== null) return;
    if (thread.status !== 'ready' || message.seq > newest + 1) {
      // What lies in between is not here yet, or a page is on its way that was read before this.
      this.conversations.catchUp(conversationId).catch(() => undefined);
      return;
    }
    putMessages(this.store, conversationId, [message]);
    if (message.status !== 'running') putReceipt(this.store, message.id, null);
    this.answers.followRunning(conversationId);
  }

  /** Sends another wording of a user's message as a branch beside it. */
  editAndResend(conversationId: string, messageId: string, content: Part[]): void {
    const message = this.thread(conversationId).messages.get(messageId);
    if (!message) return;
    this.answers.cancelWaiting(conversationId);
    this.say(conversationId, message.parentId, content);
  }

  /** Asks for another answer as a branch beside this one. */
  regenerate(conversationId: string, answerId: string): void {
    const parentId = this.thread(conversationId).messages.get(answerId)?.parentId;
    if (parentId) this.answers.answer({ conversationId, parentId });
  }

  /** Asks for the answer to a user's message that has none. */
  answerTo(conversationId: string, userMessageId: string): void {
    this.answers.answer({ conversationId, parentId: userMessageId });
  }

  /** Lets a cut answer go on: the whole becomes a branch beside the cut one. */
  continueAnswer(conversationId: string, answerId: string): void {
    const continued = this.thread(conversationId).messages.get(answerId);
    if (continued?.parentId) this.answers.answer({ conversationId, parentId: continued.parentId, continued });
  }

  stop(conversationId: string): void {
    this.answers.stop(conversationId);
  }

  chooseBranch(conversationId: string, messageId: string): void {
    changeThread(this.store, conversationId, (thread) => ({ choices: { ...thread.choices, ...choicesLeadingTo(thread.messages, messageId) } }));
    this.answers.followRunning(conversationId);
  }

  private say(conversationId: string, parentId: string | null, content: Part[], traceparent = this.environment.newTrace()): string {
    const message = newMessage(this.environment, conversationId, parentId, 'user', content);
    this.queueAncestors(conversationId, parentId);
    const create = this.conversations.newConversation(conversationId);
    const queued = this.outbox.queueMessage(toAppend(message), conversationId, create, traceparent);
    this.show(message);
    changeConversation(this.store, conversationId, { lastMessageAt: message.createdAt, trashedAt: null });
    // Not kept yet, until the device says so.
    const since = this.environment.now().getTime();
    this.store.setState(({ saves }) => ({ saves: saves.with([[message.id, { conversationId, state: 'storing', reason: null, until: null, since, mayBeSent: false }]]) }));
    queued.catch((error: unknown) => {
      this.store.setState(({ saves }) => ({ saves: saves.with([[message.id, null]]) }));
      this.onNotTaken(conversationId, textOf(content), error);
    });
    this.answers.answer({ conversationId, parentId: message.id, traceparent });
    return message.id;
  }

  /**
   * What the new message follows and nobody is known to store, such as an answer that another tab asked for and has not queued: it is queued
   * first, so that the server knows what the message follows. A second copy of it is a duplicate.
   */
  private queueAncestors(conversationId: string, parentId: string | null): void {
    const { saves } = this.store.getState();
    const create = this.conversations.newConversation(conversationId);
    const unsaved = pathTo(this.thread(conversationId).messages, parentId).filter(({ id, seq, status }) => seq === null && status !== 'running' && !saves.has(id));
    for (const message of unsaved) this.outbox.queueMessage(toAppend(message), conversationId, create).catch(() => undefined);
  }

  private show(message: Message): void {
    showMessage(this.store, message);
  }

  private thread(conversationId: string): Thread {
    return this.store.getState().threads[conversationId] ?? emptyThread;
  }
}

/** The lowest and the highest place in the conversation that is loaded. */
function loadedRange(thread: Thread): { oldest: number; newest: number } {
  let oldest = Number.POSITIVE_INFINITY;
  let newest = 0;
  for (const { seq } of thread.messages.values()) {
    if (seq === null) continue;
    oldest = Math.min(oldest, seq);
    newest = Math.max(newest, seq);
  }
  return { oldest, newest };
}

/** The title of a conversation that begins with these words. */
export function titleCut(parts: readonly Part[]): string {
  const text = textOf(parts).replace(/\s+/g, ' ').trim();
  return text.length <= TITLE_CUT ? text : `${text.slice(0, TITLE_CUT).replace(/\s\S*$/, '')}…`;
}
