import type { ApiClient } from '../api/client';
import { streamCompletionEvents, streamRunEvents, type Wait, waitInBrowser } from '../api/completion';
import { ApiProblem, isAbort, ServerUnreachable } from '../api/errors';
import type { AppendMessage, CompletionEvent, CompletionMessage, CompletionRequest, ModelConfig, Part, RunState, StoredMessage } from '../api/types';
import { type Answer, answerParts, answerStatus, emptyAnswer, hasBegun } from '../core/answer';
import { historyBudget, historyOf } from '../core/history';
import type { Environment } from '../core/ids';
import { activePath, choicesLeadingTo, parentKey, pathTo } from '../core/messageTree';
import { type Message, textOf } from '../core/messages';
import { effectiveModel } from '../core/modelChoice';
import { changeConversation, changeThread, putMessages, putProblem, putReceipt, removeMessage } from '../state/actions';
import { noteRunningTurn, readRunningTurn } from '../state/runningTurns';
import { emptyThread, type Store, type Thread } from '../state/store';
import { AnswerPresenter } from './answerPresenter';
import type { ConversationService } from './conversationService';
import type { PersistenceService } from './persistenceService';

/** How many characters of the first message stand for a title until the server has made one. */
const TITLE_CUT = 60;

/** Asked of the model when the person wants a cut answer to go on. It is sent, never stored. */
const CONTINUE_PROMPT = 'Continue your last answer exactly where it stopped. Do not repeat anything and do not comment on the interruption.';

/** How long an answer waits at most for its new conversation to be there, so that the server can keep the answer too, in milliseconds. */
const CREATION_WAIT_MS = 300;

interface RunningTurn {
  controller: AbortController;
  /** The run on the server. */
  runId: string;
  /** Whether the server keeps the answer too, so that it goes on without this page. */
  isRecorded: boolean;
  presenter: AnswerPresenter;
  message: Message;
  /** What the answer began with. */
  start: Answer;
  /** The choices to go back to when nothing comes of the answer. */
  choicesBefore: Thread['choices'];
  /** The browser has taken its connection because the page is being closed; the server goes on with it. */
  wasCutOff?: boolean;
}

interface TurnOptions {
  conversationId: string;
  /** The message that is answered. */
  parentId: string;
  /** The answer that this one goes on from. */
  continued?: Message;
}

/**
 * A turn of the hybrid flow: the message is shown at once, storing it and generating the answer run side by side, and the
 * answer is stored when it has ended, however it has ended. Neither waits for the other; a failure to store never stops an answer.
 */
export class MessageService {
  private readonly api: ApiClient;
  private readonly store: Store;
  private readonly conversations: ConversationService;
  private readonly persistence: PersistenceService;
  private readonly environment: Environment;
  private readonly running = new Map<string, RunningTurn>();
  /** Runs that were followed once: one that could not be followed to its end is not tried again at once. */
  private readonly followed = new Set<string>();
  /** Ends the pauses before lost connections are opened again. */
  private readonly pauses = new Set<() => void>();
  private isLeaving = false;

  constructor(api: ApiClient, store: Store, conversations: ConversationService, persistence: PersistenceService, environment: Environment) {
    this.api = api;
    this.store = store;
    this.conversations = conversations;
    this.persistence = persistence;
    this.environment = environment;
  }

  /**
   * Shows a user's message at the end of the shown path, stores it and asks for its answer.
   * Without a conversation one is begun, with `config` as its settings.
   */
  sendMessage(content: string | Part[], conversationId?: string, config: ModelConfig = {}): { conversationId: string; messageId: string } {
    const parts: Part[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const id = conversationId ?? this.conversations.begin(config, titleCut(parts));
    const thread = this.thread(id);
    const parentId = activePath(thread.messages.values(), thread.choices).at(-1)?.message.id ?? null;
    return { conversationId: id, messageId: this.say(id, parentId, parts) };
  }

  /** Streams a completion. It stores nothing and knows nothing of conversations. */
  streamCompletion(
    messages: CompletionMessage[],
    config: ModelConfig,
    signal: AbortSignal,
    run: Pick<CompletionRequest, 'runId' | 'record'> = {},
  ): AsyncGenerator<CompletionEvent, void, void> {
    return streamCompletionEvents(this.api, { messages, config, ...run }, signal, this.wait);
  }

  /** Shows the newest answer of the shown path that the server is still writing, as it comes. */
  followRunning(conversationId: string): void {
    if (this.running.has(conversationId)) return;
    const thread = this.thread(conversationId);
    const message = activePath(thread.messages.values(), thread.choices).findLast((item) => item.message.status === 'running')?.message;
    if (message?.runId === undefined || this.followed.has(message.runId)) return;
    this.followed.add(message.runId);
    void this.follow(message, message.runId);
  }

  /** A conversation was read: shows what is still being written in it, also what this tab waited for before it was loaded anew. */
  takeUp(conversationId: string): void {
    const note = readRunningTurn(conversationId);
    const known = note ? this.thread(conversationId).messages.get(note.messageId) : undefined;
    if (known && known.status !== 'running') noteRunningTurn(conversationId, null);
    else if (note) this.expect(conversationId, note.messageId, note.runId, note.parentId);
    this.followRunning(conversationId);
  }

  /** Takes what the server tells of a run. Of an answer that has not begun there is no message yet; it is awaited below the last question. */
  hearRun({ id, status, conversationId, messageId }: RunState): void {
    if (status !== 'running' || conversationId === undefined || messageId === undefined) return;
    const thread = this.thread(conversationId);
    const last = activePath(thread.messages.values(), thread.choices).at(-1)?.message;
    if (last?.role === 'user') this.expect(conversationId, messageId, id, last.id);
  }

  private expect(conversationId: string, messageId: string, runId: string, parentId: string): void {
    const thread = this.thread(conversationId);
    if (thread.status !== 'ready' || thread.messages.has(messageId) || !thread.messages.has(parentId)) return;
    if (this.running.has(conversationId) || this.followed.has(runId)) return;
    const message: Message = { ...this.newMessage(conversationId, parentId, 'assistant', []), id: messageId, status: 'running', runId };
    putMessages(this.store, conversationId, [message]);
    this.followRunning(conversationId);
  }

  /** Takes a message that the server tells of itself, where its conversation is loaded. */
  hear(message: StoredMessage): void {
    const { conversationId } = message;
    const thread = this.store.getState().threads[conversationId];
    if (!thread || thread.status === 'missing') return;
    // What is shown as it comes is ahead of what the server has of it.
    if (this.running.get(conversationId)?.message.id === message.id) return;
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
    this.followRunning(conversationId);
  }

  /** The server is back: connections that were lost are opened again at once, and every run may be followed again. */
  serverIsBack(): void {
    this.followed.clear();
    for (const end of this.pauses) end();
  }

  /** Sends another wording of a user's message as a branch beside it. */
  editAndResend(conversationId: string, messageId: string, content: Part[]): void {
    const message = this.thread(conversationId).messages.get(messageId);
    if (message) this.say(conversationId, message.parentId, content);
  }

  /** Asks for another answer as a branch beside this one. */
  regenerate(conversationId: string, answerId: string): void {
    const parentId = this.thread(conversationId).messages.get(answerId)?.parentId;
    if (parentId) void this.answer({ conversationId, parentId });
  }

  /** Asks for the answer to a user's message that has none. */
  answerTo(conversationId: string, userMessageId: string): void {
    void this.answer({ conversationId, parentId: userMessageId });
  }

  /** Lets a cut answer go on: the whole becomes a branch beside the cut one. */
  continueAnswer(conversationId: string, answerId: string): void {
    const continued = this.thread(conversationId).messages.get(answerId);
    if (continued?.parentId) void this.answer({ conversationId, parentId: continued.parentId, continued });
  }

  stop(conversationId: string): void {
    const turn = this.running.get(conversationId);
    if (!turn) return;
    // What is shown ends at once. When the server cannot be told it writes the answer to its end.
    this.api.stopRun(turn.runId).catch(() => undefined);
    turn.controller.abort();
  }

  chooseBranch(conversationId: string, messageId: string): void {
    changeThread(this.store, conversationId, (thread) => ({ choices: { ...thread.choices, ...choicesLeadingTo(thread.messages, messageId) } }));
    this.followRunning(conversationId);
  }

  /** The page is perhaps being closed: from here on the browser takes connections away. */
  prepareToLeave(): void {
    this.isLeaving = true;
  }

  /** The page is being closed: what the server keeps goes on there; every other answer ends as interrupted, and what has come of it is kept. */
  leave(): void {
    this.isLeaving = true;
    for (const turn of this.running.values()) {
      if (turn.isRecorded) continue;
      // Nobody would read on.
      this.api.stopRun(turn.runId, { keepalive: true }).catch(() => undefined);
      turn.presenter.apply({ event: 'error', code: 'connection_lost', detail: 'The page was closed while the answer was coming.', retryable: true });
      this.end(turn);
      turn.controller.abort();
    }
  }

  /** The page was not closed after all, or is brought back as it was: what it had let go of is read again. */
  comeBack(): void {
    this.isLeaving = false;
    this.followed.clear();
    for (const turn of [...this.running.values()].filter(({ wasCutOff }) => wasCutOff)) {
      this.running.delete(turn.message.conversationId);
      turn.presenter.finish();
      this.conversations.catchUp(turn.message.conversationId).catch(() => undefined);
    }
  }

  private say(conversationId: string, parentId: string | null, content: Part[]): string {
    const message = this.newMessage(conversationId, parentId, 'user', content);
    this.show(message);
    changeConversation(this.store, conversationId, { lastMessageAt: message.createdAt, trashedAt: null });
    this.persistence.queueMessage(toAppend(message), conversationId);
    void this.answer({ conversationId, parentId: message.id });
    return message.id;
  }

  private async answer({ conversationId, parentId, continued }: TurnOptions): Promise<void> {
    if (this.running.has(conversationId)) return;
    const message: Message = { ...this.newMessage(conversationId, parentId, 'assistant', []), status: 'running' };
    const start = emptyAnswer(continued ? prefixOf(continued) : undefined);
    const presenter = new AnswerPresenter(this.store, conversationId, message.id, start);
    const runId = this.environment.newId();
    const turn: RunningTurn = {
      controller: new AbortController(),
      runId,
      isRecorded: false,
      presenter,
      message,
      start,
      choicesBefore: this.thread(conversationId).choices,
    };
    this.running.set(conversationId, turn);
    putProblem(this.store, parentId, null);
    this.show(message);
    const { signal } = turn.controller;
    try {
      const messages = await this.history(conversationId, message.id, parentId, continued);
      const config = this.store.getState().conversations[conversationId]?.config ?? {};
      // A continued answer is kept whole, with what it goes on from, by this page.
      turn.isRecorded = continued === undefined && (await this.isThere(conversationId));
      signal.throwIfAborted();
      const record = { conversationId, messageId: message.id, parentId };
      if (turn.isRecorded) noteRunningTurn(conversationId, { runId, messageId: message.id, parentId });
      const run = { runId, ...(turn.isRecorded ? { record } : {}) };
      for await (const event of this.streamCompletion(messages, config, signal, run)) {
        if (event.event === 'notice' && event.code === 'not_recorded') turn.isRecorded = false;
        presenter.apply(event);
      }
    } catch (error) {
      presenter.apply(endOf(error, signal));
    }
    this.end(turn);
  }

  /** Shows an answer that the server writes and keeps, whoever asked for it. */
  private async follow(message: Message, runId: string): Promise<void> {
    const { conversationId } = message;
    const controller = new AbortController();
    const start = emptyAnswer();
    const presenter = new AnswerPresenter(this.store, conversationId, message.id, start, textOf(message.content));
    const turn: RunningTurn = { controller, runId, isRecorded: true, presenter, message, start, choicesBefore: this.thread(conversationId).choices };
    this.running.set(conversationId, turn);
    try {
      for await (const event of streamRunEvents(this.api, runId, controller.signal, this.wait)) presenter.apply(event);
    } catch (error) {
      presenter.apply(endOf(error, controller.signal));
    }
    if (this.running.get(conversationId) !== turn || this.isCutOff(turn)) return;
    this.running.delete(conversationId);
    noteRunningTurn(conversationId, null);
    const answer = presenter.finish();
    // The server's text stands; what was shown bridges the time until it is read.
    const shown: Message = { ...message, content: answerParts(answer), status: answerStatus(answer), ...origin(answer) };
    if (hasBegun(answer)) putMessages(this.store, conversationId, [shown]);
    // What the server could not store itself this page offers to it, as the page that began the answer does.
    if (hasBegun(answer) && message.seq !== null && this.noteReceipt(message.id, answer)) this.persistence.queueMessage(toAppend(shown), conversationId);
    await this.conversations.catchUp(conversationId).catch(() => undefined);
    // Nothing came of an answer that was only expected.
    if (!hasBegun(answer) && this.thread(conversationId).messages.get(message.id)?.seq === null) removeMessage(this.store, conversationId, message.id);
  }

  /** Whether the server has the conversation. A new one gets a moment to be created; the answer does not wait longer for it. */
  private async isThere(conversationId: string): Promise<boolean> {
    const created = this.conversations.ensureCreated(conversationId).then(
      () => true,
      () => false,
    );
    const tooLate = new Promise<boolean>((resolve) => setTimeout(resolve, CREATION_WAIT_MS, false));
    return Promise.race([created, tooLate]);
  }

  /** Takes a turn out of those that run and keeps its answer, once. */
  private end(turn: RunningTurn): void {
    const { conversationId } = turn.message;
    if (this.running.get(conversationId) !== turn || this.isCutOff(turn)) return;
    this.running.delete(conversationId);
    noteRunningTurn(conversationId, null);
    const answer = turn.presenter.finish();
    if (answer.end?.kind !== 'failed') this.followed.add(turn.runId);
    this.keep(turn, answer);
    this.conversations.refreshTitleSoon(conversationId);
    // Another device may have begun an answer meanwhile.
    this.followRunning(conversationId);
  }

  /** Connections that end while the page is being closed say nothing about an answer that the server keeps. */
  private isCutOff(turn: RunningTurn): boolean {
    turn.wasCutOff = this.isLeaving && turn.isRecorded && !turn.controller.signal.aborted;
    return turn.wasCutOff;
  }

  /** Remembers where an answer is that the server has not stored; the answer tells whether it is such a one. */
  private noteReceipt(messageId: string, { receipt }: Answer): boolean {
    if (receipt === null || receipt.persisted) return false;
    putReceipt(this.store, messageId, receipt.journalPosition === undefined ? 'unstored' : 'journal');
    return true;
  }

  /** Waits until it is time to open a lost connection again, or until the server is known to be back. */
  private readonly wait: Wait = async (milliseconds, signal) => {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.pauses.add(end);
    await Promise.race([waitInBrowser(milliseconds, signal), ended]);
    this.pauses.delete(end);
  };

  /** Puts the ended answer where the running one stood and stores it; an answer of nothing leaves only a note. */
  private keep({ message, start, choicesBefore }: RunningTurn, answer: Answer): void {
    const { conversationId, parentId } = message;
    const isEmpty = !hasBegun(answer) || (answer.text === start.text && answer.toolCalls.length === 0 && answer.reasoning === start.reasoning);
    const nothingToKeep = isEmpty && (answer.end?.kind === 'stopped' || (answer.end?.kind === 'failed' && isOwnFailure(answer.end.code)));
    if (nothingToKeep) {
      removeMessage(this.store, conversationId, message.id);
      changeThread(this.store, conversationId, { choices: choicesBefore });
      const problem = answer.end?.kind === 'failed' ? { code: answer.end.code, detail: answer.end.detail } : { code: 'stopped', detail: '' };
      if (parentId) putProblem(this.store, parentId, problem);
      return;
    }
    const parts = answerParts(answer);
    const content: Part[] = parts.length > 0 ? parts : [{ type: 'error', code: 'empty_answer', detail: 'The model sent an empty answer.' }];
    const kept: Message = { ...message, content, status: answerStatus(answer), ...origin(answer) };
    putMessages(this.store, conversationId, [kept]);
    this.noteReceipt(message.id, answer);
    this.persistence.queueMessage(toAppend(kept), conversationId);
  }

  /** What the model is sent. Older pages are read first when the path reaches above what is loaded and there is room for more. */
  private async history(conversationId: string, answerId: string, parentId: string, continued: Message | undefined): Promise<CompletionMessage[]> {
    const { conversations, models } = this.store.getState();
    const budget = historyBudget(effectiveModel(conversations[conversationId]?.config ?? {}, models)?.contextWindow);
    for (;;) {
      const thread = this.thread(conversationId);
      const path = pathTo(thread.messages, continued?.id ?? parentId);
      const history = historyOf(path, budget);
      const reachesStart = path[0]?.parentId === null || thread.older === null;
      if (reachesStart || history.omittedMessages > 0) {
        this.store.setState((state) => ({ omitted: { ...state.omitted, [answerId]: history.omittedMessages } }));
        return continued ? [...history.messages, { role: 'user', content: CONTINUE_PROMPT }] : history.messages;
      }
      await this.conversations.loadOlder(conversationId);
    }
  }

  private show(message: Message): void {
    putMessages(this.store, message.conversationId, [message]);
    changeThread(this.store, message.conversationId, (thread) => ({ choices: { ...thread.choices, [parentKey(message)]: message.id } }));
  }

  private thread(conversationId: string): Thread {
    return this.store.getState().threads[conversationId] ?? emptyThread;
  }

  private newMessage(conversationId: string, parentId: string | null, role: Message['role'], content: Part[]): Message {
    return {
      id: this.environment.newId(),
      conversationId,
      parentId,
      seq: null,
      role,
      content,
      status: 'complete',
      createdAt: this.environment.now().toISOString(),
      storedAt: null,
    };
  }
}

/** Failures of our own server and of the way to it: nothing of them belongs into the conversation. */
const OWN_FAILURES = new Set([
  'server_unreachable',
  'connection_lost',
  'shutting_down',
  'interrupted',
  'overloaded',
  'store_busy',
  'store_unavailable',
  'conversation_not_found',
]);

function isOwnFailure(code: string): boolean {
  return OWN_FAILURES.has(code);
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

function endOf(error: unknown, signal: AbortSignal): CompletionEvent | { event: 'stopped' } {
  if (signal.aborted) return { event: 'stopped' };
  if (error instanceof ApiProblem) return { event: 'error', code: error.code, detail: error.message, retryable: error.isTransient, traceId: error.problem.traceId };
  if (error instanceof ServerUnreachable || isAbort(error)) return { event: 'error', code: 'server_unreachable', detail: 'The server cannot be reached.', retryable: true };
  console.error(error);
  return { event: 'error', code: 'page_error', detail: error instanceof Error ? error.message : String(error), retryable: true };
}

function prefixOf(message: Message): { text: string; reasoning: string } {
  const reasoning = message.content.filter((part) => part.type === 'reasoning').map((part) => part.text);
  return { text: textOf(message.content), reasoning: reasoning.join('\n\n') };
}

function origin(answer: Answer): Partial<Message> {
  return {
    ...(answer.model === null ? {} : { model: answer.model }),
    ...(answer.provider === null ? {} : { provider: answer.provider }),
    ...(answer.usage === null ? {} : { usage: answer.usage }),
  };
}

function toAppend({ id, conversationId, parentId, role, content, status, model, provider, usage, createdAt }: Message): AppendMessage {
  const message: AppendMessage = { id, conversationId, parentId, role, content, createdAt };
  if (role !== 'assistant') return message;
  return { ...message, status, ...(model ? { model } : {}), ...(provider ? { provider } : {}), ...(usage ? { usage } : {}) };
}

function titleCut(parts: readonly Part[]): string {
  const text = textOf(parts).replace(/\s+/g, ' ').trim();
  return text.length <= TITLE_CUT ? text : `${text.slice(0, TITLE_CUT).replace(/\s\S*$/, '')}…`;
}
