import type { WireItem } from '../engine/wire.js';
import { InvalidItem } from '../errors.js';
import { isId } from '../ids.js';
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

/** How deeply content may be nested: what the engine writes around it has to be read again with it, and the server reads no more than 128 levels. */
const MOST_LEVELS = 100;

/**
 * An item's own fields.
 *
 * @throws {InvalidItem} what cannot be read again later is refused now.
 */
export function payloadOf(message: OutboxMessage, create?: NewConversation): Payload {
  const fields = Object.entries(message).filter(([name]) => !OF_THE_ENGINE.includes(name) && name !== CREATE);
  const text = textOf(Object.fromEntries(create ? [...fields, [CREATE, create]] : fields));
  if (levelsOf(text) > MOST_LEVELS) throw new InvalidItem(`its content is nested more than ${MOST_LEVELS} levels deep`);
  if (holdsCode(message)) throw new InvalidItem('its content is no JSON');
  // A change builds on the message that it changes: it is never sent before it.
  const parent = message.parentId ?? message.messageId;
  if (parent !== undefined && !isId(parent)) throw new InvalidItem('the id of what it follows is no UUID in small letters');
  return { text, parent };
}

/** As JSON, with a mark in the place of each half of a character: no store and no server takes those. */
function textOf(payload: Record<string, unknown>): string {
  let text: string;
  try {
    text = JSON.stringify(payload);
  } catch (cause) {
    throw new InvalidItem('its content is no JSON', { cause });
  }
  if (!/\\ud[89a-f]/.test(text)) return text;
  return JSON.stringify(payload, (_name, value: unknown) => (typeof value === 'string' ? value.replace(/\p{Surrogate}/gu, '\ufffd') : value));
}

/** Whether there is a function or a symbol in it, which JSON would leave out and other tabs cannot be told. */
function holdsCode(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(holdsCode);
  return typeof value === 'function' || typeof value === 'symbol';
}

/** How deep the brackets of a JSON text go. */
function levelsOf(text: string): number {
  let level = 0;
  let deepest = 0;
  let isQuoted = false;
  for (let place = 0; place < text.length; place += 1) {
    const character = text[place];
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) place += character === '\\' ? 1 : 0;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, (level += 1));
    else if (character === ']' || character === '}') level -= 1;
  }
  return deepest;
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
