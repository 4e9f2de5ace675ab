import { memo } from 'react';
import type { Message } from '../../core/messages';
import { useStrings } from '../../strings';
import { AssistantMessage } from './AssistantMessage';
import { DeletedMessage } from './DeletedMessage';
import { UserMessage } from './UserMessage';

export interface MessageRowProperties {
  message: Message;
  siblings: readonly string[];
  siblingIndex: number;
  isFirst: boolean;
  isLast: boolean;
  /** A search led here. */
  marked: boolean;
}

/** One message of the path. It is drawn again only when something of it has changed. */
export const MessageRow = memo(
  function MessageRow(properties: MessageRowProperties) {
    const texts = useStrings();
    const { message, isFirst, marked } = properties;
    return (
      <article className={`message from-${message.role}`} data-message-id={message.id} data-marked={marked || undefined} aria-label={message.role === 'user' ? texts.thread.you : texts.thread.answer}>
        {isFirst && <p className="visually-hidden">{texts.conversation.beginning}</p>}
        {message.deletedAt !== undefined ? <DeletedMessage {...properties} /> : message.role === 'user' ? <UserMessage {...properties} /> : <AssistantMessage {...properties} />}
      </article>
    );
  },
  (before, after) =>
    before.message === after.message &&
    before.siblingIndex === after.siblingIndex &&
    before.siblings.length === after.siblings.length &&
    before.isFirst === after.isFirst &&
    before.isLast === after.isLast &&
    before.marked === after.marked,
);
