import type { Part } from '../../api/types';
import { textOf } from '../../core/messages';
import type { OutboxItem } from '../../state/outbox';
import type { AllStrings } from '../../strings/seldom';

/** The parts of an item's content. It comes from the device's own store, where an older page may have written it. */
export function partsOf(content: unknown): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content.filter((part): part is Part => typeof part === 'object' && part !== null && typeof (part as { type?: unknown }).type === 'string');
}

/** The words of an item. */
export function itemText(item: OutboxItem): string {
  return textOf(partsOf(item.message.content));
}

/** What an item is: a question, an answer, or a change of something stored. */
export function itemKind({ message }: OutboxItem, texts: AllStrings): string {
  if (message.type !== undefined) return texts.tray.changes[message.type] ?? message.type;
  return message.role === 'assistant' ? texts.tray.answer : texts.tray.question;
}

/** Whether a person can write an item anew: messages of their own, and nothing else. */
export function isOwnMessage({ message }: OutboxItem): boolean {
  return message.type === undefined && message.role !== 'assistant';
}
