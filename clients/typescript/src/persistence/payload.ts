import type { WireItem } from '../engine/wire.js';
import type { NewConversation, OutboxMessage } from '../types.js';
import type { BoardItem } from './board.js';

/** An item as the engine takes it. */
export interface Payload {
  /** JSON: the message's fields without those that the engine gives it. */
  text: string;
  /** The item that it builds on. */
  parent: string | undefined;
}

/** The fields that come from the engine's item. */
const OF_THE_ENGINE = ['id', 'conversationId', 'deviceSeq'];

/** The field that makes the conversation first. */
const CREATE = 'create';

export function payloadOf(message: OutboxMessage, create?: NewConversation): Payload {
  const fields = Object.entries(message).filter(([name]) => !OF_THE_ENGINE.includes(name) && name !== CREATE);
  const payload = Object.fromEntries(create ? [...fields, [CREATE, create]] : fields);
  // A change builds on the message that it changes: it is never sent before it.
  return { text: JSON.stringify(payload), parent: message.parentId ?? message.messageId };
}

export function boardItemOf(item: WireItem): BoardItem {
  const { [CREATE]: _create, ...fields } = item.payload;
  const create = createOf(item);
  return {
    id: item.id,
    conversationId: item.conversationId,
    message: { ...fields, id: item.id },
    ...(create ? { create } : {}),
    queuedAt: item.queuedAt,
    mayBeSent: item.mayBeSent,
    state: item.state,
  };
}

/** What an engine's item wants created, to be kept when its message is replaced. */
export function createOf(item: WireItem): NewConversation | undefined {
  return item.payload[CREATE] as NewConversation | undefined;
}
