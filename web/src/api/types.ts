import type * as client from '@manent/client';

/**
 * The shapes of the native API, as `docs/api.md` gives them: the client's, and what the page knows more exactly.
 *
 * Every name here is the wire's own; nothing in this file is computed.
 */

export type Role = client.StoredMessage['role'];

export type MessageStatus = client.StoredMessage['status'];

export interface TextPart {
  type: 'text';
  text: string;
}

export interface ReasoningPart {
  type: 'reasoning';
  text: string;
  /** How long the model reasoned, in milliseconds. */
  durationMs?: number;
  signature?: string;
}

export interface ImagePart {
  type: 'image';
  mediaType?: string;
  /** Base64, without a `data:` prefix. */
  data?: string;
  url?: string;
}

export interface ToolCallPart {
  type: 'toolCall';
  id: string;
  name: string;
  arguments: Record<string, unknown>;
}

export interface ToolResultPart {
  type: 'toolResult';
  toolCallId: string;
  content: string;
  isError?: boolean;
}

export interface ErrorPart {
  type: 'error';
  code: string;
  detail: string;
}

export type Part = TextPart | ReasoningPart | ImagePart | ToolCallPart | ToolResultPart | ErrorPart;

export interface Usage {
  inputTokens?: number;
  outputTokens?: number;
  reasoningTokens?: number;
  cacheReadTokens?: number;
  cacheWriteTokens?: number;
}

/** Model settings, of a conversation or of one completion. */
export interface ModelConfig {
  provider?: string;
  model?: string;
  system?: string;
  temperature?: number;
  topP?: number;
  maxTokens?: number;
  stop?: string[];
  thinking?: { budgetTokens: number };
  reasoningEffort?: string;
}

export interface Conversation extends Omit<client.Conversation, 'config'> {
  titleSource: 'none' | 'cut' | 'generated' | 'user';
  config: ModelConfig;
}

export interface StoredMessage extends Omit<client.StoredMessage, 'content'> {
  content: Part[];
  model?: string;
  provider?: string;
  usage?: Usage;
  storedAt: string;
  /** The run that writes or wrote it. */
  runId?: string;
  editedAt?: string;
  deletedAt?: string;
}

/** A message of the page's own, on its way to the server. */
export interface AppendMessage extends Omit<StoredMessage, 'seq' | 'status' | 'storedAt' | 'runId' | 'editedAt' | 'deletedAt'> {
  status?: MessageStatus;
}

export interface CompletionMessage {
  role: Role;
  content: string | Part[];
}

/** Where the server keeps the answer of a run. */
export interface RecordTarget {
  conversationId: string;
  messageId: string;
  parentId: string | null;
}

export interface CompletionRequest {
  messages: CompletionMessage[];
  config: ModelConfig;
  /** Makes it a run: it goes on when this page is gone, and can be read again. */
  runId?: string;
  record?: RecordTarget;
}

export type FinishReason = 'stop' | 'length' | 'toolUse' | 'refusal' | 'contentFilter' | 'other';

export type Delta =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'reasoningSignature'; signature: string }
  | { type: 'toolCall'; index: number; id?: string; name?: string; argumentsDelta?: string };

export type CompletionEvent =
  | { event: 'start'; provider: string; model: string }
  | { event: 'delta'; delta: Delta }
  | { event: 'usage'; usage: Usage }
  | { event: 'notice'; code: string; detail: string }
  | { event: 'done'; finishReason: FinishReason; receipt?: Receipt }
  | { event: 'error'; code: string; detail: string; retryable: boolean; traceId?: string; receipt?: Receipt };

/** What the last event of a run says about what is kept. */
export interface Receipt {
  /** All that was to be stored is stored. */
  persisted: boolean;
  /** Where it lies in the server's journal, from which it is stored later. */
  journalPosition?: number;
}

/** A run as the feed tells of it. */
export interface RunState {
  id: string;
  status: MessageStatus;
  conversationId?: string;
  messageId?: string;
}

export interface Model {
  provider: string;
  model: string;
  name: string;
  default?: boolean;
  vision?: boolean;
  reasoning?: boolean;
  contextWindow?: number;
}

export interface ModelList {
  models: Model[];
  default: { provider: string; model: string } | null;
  demo: boolean;
}

export interface SnippetPiece {
  text: string;
  match?: boolean;
}

export interface SearchHit {
  kind: 'message' | 'title';
  conversationId: string;
  conversationTitle: string | null;
  messageId?: string;
  seq?: number;
  role?: Role;
  snippet: SnippetPiece[];
  createdAt: string;
}

export interface Problem {
  type?: string;
  title?: string;
  status: number;
  code: string;
  detail: string;
  traceId?: string;
  field?: string;
  retryAfterMs?: number;
}
