import type { CompletionMessage, CompletionRequest } from '../api/types';
import { historyBudget, historyOf } from '../core/history';
import { pathTo } from '../core/messageTree';
import type { Message } from '../core/messages';
import { effectiveModel } from '../core/modelChoice';
import { emptyThread, type Store, type Thread } from '../state/store';
import type { ConversationService } from './conversationService';
import type { Turn } from './turn';

/** Asked of the model when the person wants a cut answer to go on. It is sent, never stored. */
const CONTINUE_PROMPT = 'Continue your last answer exactly where it stopped. Do not repeat anything and do not comment on the interruption.';

/** How long an answer waits at most for its new conversation to be there, so that the server can keep the answer too, in milliseconds. */
const CREATION_WAIT_MS = 300;

/** What is asked of the server for an answer: the conversation so far, and where the answer is to be kept. */
export class AnswerRequests {
  private readonly store: Store;
  private readonly conversations: ConversationService;

  constructor(store: Store, conversations: ConversationService) {
    this.store = store;
    this.conversations = conversations;
  }

  /** The request for a turn as things stand now; notes on the turn whether the server keeps the answer. */
  async build(turn: Turn): Promise<CompletionRequest & { runId: string }> {
    const { message, runId, continued, controller } = turn;
    const { conversationId, parentId } = message;
    const messages = await this.history(conversationId, message.id, parentId ?? message.id, continued);
    const config = this.store.getState().conversations[conversationId]?.config ?? {};
    // A continued answer is kept whole, with what it goes on from, by this page.
    turn.isRecorded = continued === undefined && (await this.isThere(conversationId, turn.traceparent));
    controller.signal.throwIfAborted();
    const record = { conversationId, messageId: message.id, parentId };
    return { messages, config, runId, ...(turn.isRecorded ? { record } : {}) };
  }

  /** Whether the server has the conversation. A new one gets a moment to be created; the answer does not wait longer for it. */
  private async isThere(conversationId: string, traceparent: string | undefined): Promise<boolean> {
    const created = this.conversations.ensureCreated(conversationId, traceparent).then(
      () => true,
      () => false,
    );
    const tooLate = new Promise<boolean>((resolve) => setTimeout(resolve, CREATION_WAIT_MS, false));
    return Promise.race([created, tooLate]);
  }

  /** What the model is sent. Older pages are read first when the path reaches above what is loaded and there is room for more. */
  private async history(conversationId: string, answerId: string, parentId: string, continued: Message | undefined): Promise<CompletionMessage[]> {
    const { conversations, models } = this.store.getState();
    const budget = historyBudget(effectiveModel(conversations[conversationId]?.config ?? {}, models)?.contextWindow);
    for (;;) {
      const thread = this.thread(conversationId);
      const path = pathTo(thread.messages, continued?.id ?? parentId);
      const history = historyOf(path, budget);
      const reachesStart = path[0]?.parentId === null || (thread.older === null && thread.isCopy !== true);
      if (reachesStart || history.omittedMessages > 0) {
        this.store.setState((state) => ({ omitted: { ...state.omitted, [answerId]: history.omittedMessages } }));
        return continued ? [...history.messages, { role: 'user', content: CONTINUE_PROMPT }] : history.messages;
      }
      if (thread.isCopy === true) await this.conversations.catchUp(conversationId);
      else await this.conversations.loadOlder(conversationId);
    }
  }

  private thread(conversationId: string): Thread {
    return this.store.getState().threads[conversationId] ?? emptyThread;
  }
}
