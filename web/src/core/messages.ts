import type { AppendMessage, Part, StoredMessage } from '../api/types';
import type { Environment } from './ids';

/** A message as the page knows it: stored ones have a `seq`, the page's own ones have none until the server has answered. */
export interface Message extends Omit<StoredMessage, 'seq' | 'storedAt'> {
  seq: number | null;
  storedAt: string | null;
}

/** A message of this page's own. */
export function newMessage(environment: Environment, conversationId: string, parentId: string | null, role: Message['role'], content: Part[]): Message {
  return {
    id: environment.newId(),
    conversationId,
    parentId,
    seq: null,
    role,
    content,
    status: 'complete',
    createdAt: environment.now().toISOString(),
    storedAt: null,
  };
}

/** The message as an append takes it. */
export function toAppend({ id, conversationId, parentId, role, content, status, model, provider, usage, createdAt }: Message): AppendMessage {
  const message: AppendMessage = { id, conversationId, parentId, role, content, createdAt };
  if (role !== 'assistant') return message;
  return { ...message, status, ...(model ? { model } : {}), ...(provider ? { provider } : {}), ...(usage ? { usage } : {}) };
}

/** The text of a message without reasoning, pictures and tool calls; parts are joined by a blank line. */
export function textOf(content: readonly Part[]): string {
  return content
    .filter((part) => part.type === 'text')
    .map((part) => part.text)
    .join('\n\n');
}

export function errorOf(content: readonly Part[]): { code: string; detail: string } | null {
  return content.find((part) => part.type === 'error') ?? null;
}

/** True when the message holds anything that a person or a model could read. */
export function hasSubstance(content: readonly Part[]): boolean {
  return content.some((part) => (part.type === 'text' ? part.text.trim() !== '' : part.type !== 'error' && part.type !== 'reasoning'));
}

/** Statuses that stay: no later copy of such a message says that it is being written. */
const FINAL = new Set<Message['status']>(['complete', 'stopped', 'failed']);

/**
 * Of two copies of a message the one to show. Answers to requests and the feed overtake each other, so a copy may come that is older
 * than the one that is known.
 */
export function newerCopy(known: Message | undefined, incoming: Message): Message {
  if (known === undefined || incoming.seq === null) return incoming;
  const isOlder = (incoming.status === 'running' && FINAL.has(known.status)) || (known.editedAt ?? '') > (incoming.editedAt ?? '');
  if (isOlder) return { ...known, seq: incoming.seq, storedAt: incoming.storedAt, runId: incoming.runId };
  return { ...incoming, content: withDurations(known.content, incoming.content) };
}

/** How long a model reasoned is measured where the answer comes; the server's copy may not have it. */
function withDurations(known: readonly Part[], incoming: Part[]): Part[] {
  const measured = known.find((part) => part.type === 'reasoning' && part.durationMs !== undefined);
  if (measured?.type !== 'reasoning') return incoming;
  const isSame = (part: Part) => part.type === 'reasoning' && part.durationMs === undefined && part.text === measured.text;
  return incoming.some(isSame) ? incoming.map((part) => (isSame(part) ? { ...part, durationMs: measured.durationMs } : part)) : incoming;
}

/** Oldest first: by `seq`, with the page's own unstored messages last, in the order in which they were made. */
export function compareMessages(left: Message, right: Message): number {
  if (left.seq !== null && right.seq !== null) return left.seq - right.seq;
  if (left.seq !== null) return -1;
  if (right.seq !== null) return 1;
  if (left.createdAt !== right.createdAt) return left.createdAt < right.createdAt ? -1 : 1;
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}
