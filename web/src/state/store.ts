import { create } from 'zustand';
import type { Conversation, ModelList, Usage } from '../api/types';
import type { AnswerEnd } from '../core/answer';
import type { Choices } from '../core/messageTree';
import type { Message } from '../core/messages';
import { initialOutbox, type OutboxSlice } from './outbox';

export type ListKind = 'main' | 'archived' | 'trash';

/** How far one of the lists has been read from the server. */
export interface ListState {
  status: 'idle' | 'loading' | 'ready' | 'failed';
  next: string | null;
}

/** What the page has of one conversation's messages. */
export interface Thread {
  messages: ReadonlyMap<string, Message>;
  choices: Choices;
  status: 'loading' | 'ready' | 'failed' | 'missing';
  /** Cursor of the next older page; `null` when the beginning is loaded. */
  older: string | null;
  loadingOlder: boolean;
  /** It is the device's copy, and may lack messages: the server has not been asked yet, or is away. */
  isCopy?: boolean;
  /** The server says that it has no such conversation; what is shown is what this device has. */
  isGone?: boolean;
}

/** An answer that is coming: what is shown of it on this frame. */
export interface LiveAnswer {
  messageId: string;
  text: string;
  reasoning: string;
  reasoningDurationMs: number | null;
  toolNames: readonly string[];
  model: string | null;
  usage: Usage | null;
  startedAt: number;
  end: AnswerEnd | null;
}

/** A turn that ended without anything that could be kept: shown below the user's message, in this page alone. */
export interface TurnProblem {
  code: string;
  detail: string;
}

export interface Toast {
  id: string;
  text: string;
  action: { label: string; run: () => void } | null;
  tone: 'plain' | 'error';
  /** What it speaks of, such as a conversation's id: a newer toast about the same takes its place. */
  about: string | null;
}

export interface Connectivity {
  reachable: boolean;
  /** When the next try starts, in milliseconds of the wall clock; `null` while one is under way. */
  nextTryAt: number | null;
}

export interface State extends OutboxSlice {
  conversations: Readonly<Record<string, Conversation>>;
  lists: Readonly<Record<ListKind, ListState>>;
  threads: Readonly<Record<string, Thread>>;
  answers: Readonly<Record<string, LiveAnswer>>;
  problems: Readonly<Record<string, TurnProblem>>;
  /** For an answer that the server has not stored: whether it lies in the server's journal. Until this page's own append has stored it. */
  receipts: Readonly<Record<string, 'journal' | 'unstored'>>;
  /** For an answer: how many of the oldest messages did not fit into its request. */
  omitted: Readonly<Record<string, number>>;
  models: ModelList | null;
  connectivity: Connectivity;
  toasts: readonly Toast[];
  /** What the live region says next. A counter makes equal texts distinct. */
  announcement: { text: string; count: number };
}

export const initialState: State = {
  ...initialOutbox,
  conversations: {},
  lists: { main: { status: 'idle', next: null }, archived: { status: 'idle', next: null }, trash: { status: 'idle', next: null } },
  threads: {},
  answers: {},
  problems: {},
  receipts: {},
  omitted: {},
  models: null,
  connectivity: { reachable: true, nextTryAt: null },
  toasts: [],
  announcement: { text: '', count: 0 },
};

export const emptyThread: Thread = { messages: new Map(), choices: {}, status: 'loading', older: null, loadingOlder: false };

export const useStore = create<State>(() => initialState);

export type Store = typeof useStore;
