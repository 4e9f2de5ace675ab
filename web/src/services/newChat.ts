import type { OutboxItem } from '@manent/client';
import type { Environment } from '../core/ids';
import { type Message, toAppend } from '../core/messages';
import { putMessages } from '../state/actions';
import type { Store } from '../state/store';
import type { AnswerService } from './answerService';
import type { ConversationService } from './conversationService';
import { messageOf } from './device';
import { titleCut } from './messageService';
import type { Outbox } from './persistenceService';

export interface NewChatDependencies {
  store: Store;
  conversations: ConversationService;
  answers: AnswerService;
  outbox: Outbox;
  environment: Environment;
  /** What is not saved, oldest first. */
  items(): OutboxItem[];
  discard(messageId: string): Promise<void>;
}

/**
 * Begins a conversation with a message that its own does not take, and with what follows it and is not saved either; gives the new
 * conversation's id. The old ones are let go of when the device has the new ones.
 */
export async function moveToNewChat(messageId: string, { store, conversations, answers, outbox, environment, items, discard }: NewChatDependencies): Promise<string> {
  const moved = withAllBelow(messageId, items());
  const [first] = moved;
  if (!first) throw new Error('This message is no longer on this device: it may have been saved meanwhile.');
  const config = store.getState().conversations[first.conversationId]?.config ?? {};
  const conversationId = conversations.begin(config, titleCut(messageOf(first).content));
  const ids = new Map(moved.map((item) => [item.messageId, environment.newId()]));
  const messages = moved.map<Message>((item) => {
    const message = messageOf(item);
    return { ...message, conversationId, id: ids.get(message.id)!, parentId: ids.get(message.parentId ?? '') ?? null };
  });
  putMessages(store, conversationId, messages);
  const create = conversations.newConversation(conversationId);
  await Promise.all(messages.map((message) => outbox.queueMessage(toAppend(message), conversationId, create)));
  const last = messages.at(-1)!;
  if (last.role === 'user') answers.answer({ conversationId, parentId: last.id });
  for (const item of moved) await discard(item.messageId);
  return conversationId;
}

/** The message and all that stands below it, in the order in which it was written. */
function withAllBelow(messageId: string, items: readonly OutboxItem[]): OutboxItem[] {
  const wanted = new Set([messageId]);
  const conversationId = items.find((item) => item.messageId === messageId)?.conversationId;
  return items.filter(({ message, state, ...item }) => {
    const isBelow = message.type === undefined && state === 'failed' && item.conversationId === conversationId && wanted.has(message.parentId ?? '');
    if (isBelow) wanted.add(item.messageId);
    return isBelow || item.messageId === messageId;
  });
}
