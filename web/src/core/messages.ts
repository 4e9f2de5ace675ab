import type { Part, StoredMessage } from '../api/types';

/** A message as the page knows it: stored ones have a `seq`, the page's own ones have none until the server has answered. */
export interface Message extends Omit<StoredMessage, 'seq' | 'storedAt'> {
  seq: number | null;
  storedAt: string | null;
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

/** Oldest first: by `seq`, with the page's own unstored messages last, in the order in which they were made. */
export function compareMessages(left: Message, right: Message): number {
  if (left.seq !== null && right.seq !== null) return left.seq - right.seq;
  if (left.seq !== null) return -1;
  if (right.seq !== null) return 1;
  if (left.createdAt !== right.createdAt) return left.createdAt < right.createdAt ? -1 : 1;
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}
