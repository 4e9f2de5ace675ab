import type { Conversation, StoredMessage } from '../api/types';
import { type Message, newerCopy } from '../core/messages';
import { choicesLeadingTo } from '../core/messageTree';
import { emptyThread, type LiveAnswer, type ListKind, type ListState, type State, type Store, type Thread } from './store';

/** Changes of the store that several services make. Each is one step from one consistent state to the next. */

export function putConversations(store: Store, conversations: readonly Conversation[]): void {
  if (conversations.length === 0) return;
  store.setState((state) => ({
    conversations: { ...state.conversations, ...Object.fromEntries(conversations.map((conversation) => [conversation.id, conversation])) },
  }));
}

export function changeConversation(store: Store, id: string, change: Partial<Conversation>): void {
  store.setState((state) => {
    const known = state.conversations[id];
    return known ? { conversations: { ...state.conversations, [id]: { ...known, ...change } } } : state;
  });
}

export function changeList(store: Store, kind: ListKind, change: Partial<ListState>): void {
  store.setState((state) => ({ lists: { ...state.lists, [kind]: { ...state.lists[kind], ...change } } }));
}

export function changeThread(store: Store, id: string, change: Partial<Thread> | ((thread: Thread) => Partial<Thread>)): void {
  store.setState((state) => {
    const thread = state.threads[id] ?? emptyThread;
    return { threads: { ...state.threads, [id]: { ...thread, ...(typeof change === 'function' ? change(thread) : change) } } };
  });
}

/** Lets go of the messages of these conversations. */
export function forgetThreads(store: Store, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const gone = new Set(ids);
  store.setState((state) => ({ threads: Object.fromEntries(Object.entries(state.threads).filter(([id]) => !gone.has(id))) }));
}

/** Adds messages or replaces those with the same id, unless the known copy is the newer one. */
export function putMessages(store: Store, conversationId: string, messages: readonly (Message | StoredMessage)[]): void {
  changeThread(store, conversationId, (thread) => {
    const next = new Map(thread.messages);
    for (const message of messages) next.set(message.id, newerCopy(next.get(message.id), message));
    return { messages: next };
  });
}

/**
 * Adds a message of this page's own, on the shown path. From here on the whole path to it is chosen: what others say elsewhere meanwhile
 * does not take it away.
 */
export function showMessage(store: Store, message: Message): void {
  changeThread(store, message.conversationId, (thread) => {
    const messages = new Map(thread.messages).set(message.id, newerCopy(thread.messages.get(message.id), message));
    return { messages, choices: { ...thread.choices, ...choicesLeadingTo(messages, message.id) } };
  });
}

export function removeMessage(store: Store, conversationId: string, messageId: string): void {
  changeThread(store, conversationId, (thread) => {
    const next = new Map(thread.messages);
    next.delete(messageId);
    return { messages: next };
  });
}

export function putAnswer(store: Store, conversationId: string, answer: LiveAnswer | null): void {
  store.setState((state) => ({ answers: without(state.answers, conversationId, answer) }));
}

export function putProblem(store: Store, userMessageId: string, problem: State['problems'][string] | null): void {
  store.setState((state) => ({ problems: without(state.problems, userMessageId, problem) }));
}

export function putReceipt(store: Store, messageId: string, receipt: State['receipts'][string] | null): void {
  if (receipt === null && !(messageId in store.getState().receipts)) return;
  store.setState((state) => ({ receipts: without(state.receipts, messageId, receipt) }));
}

export function putAnswerWaiting(store: Store, answerId: string, waiting: State['answersWaiting'][string] | null): void {
  if (waiting === null && !(answerId in store.getState().answersWaiting)) return;
  store.setState((state) => ({ answersWaiting: without(state.answersWaiting, answerId, waiting) }));
}

export function announce(store: Store, text: string): void {
  if (text === '') return;
  store.setState((state) => ({ announcement: { text, count: state.announcement.count + 1 } }));
}

function without<T>(record: Readonly<Record<string, T>>, key: string, value: T | null): Record<string, T> {
  const next = { ...record };
  if (value === null) delete next[key];
  else next[key] = value;
  return next;
}
