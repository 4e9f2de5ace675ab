import type { SaveReason } from '../../state/outbox';
import { changeUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { CopyButton } from '../CopyButton';
import { openConversation } from '../commands';
import { discardItem, moveToNewBranch, sendAgain } from './commands';

interface Properties {
  messageId: string;
  conversationId: string;
  reason: SaveReason | null;
  /** What copying copies; without words there is nothing to copy. */
  text: string;
  /** Opens the words for writing; absent where they are not the person's. */
  onEdit?: () => void;
}

/** Reasons that speak of the place in the conversation: elsewhere the same words can be saved. */
const PLACE_CODES = new Set(['parent_unknown', 'parent_elsewhere', 'parent_refused', 'blocked', 'id_taken', 'target_unknown']);

/** Reasons that speak of the words themselves: they are the same in every place. */
const CONTENT_CODES = new Set(['message_too_large', 'too_large', 'body_too_large', 'content_empty', 'invalid_value', 'role_not_allowed']);

/** What a person can do with a message that the server does not take. */
export function WaysOut({ messageId, conversationId, reason, text, onEdit }: Properties) {
  const texts = useStrings();
  const code = reason?.code ?? '';
  const blocker = reason?.blockedBy;
  const isWithdrawn = code === 'withdrawn';
  const branch = CONTENT_CODES.has(code) ? null : (
    <button key="branch" type="button" className="text-button" onClick={() => moveToNewBranch(messageId)}>
      {texts.saves.moveToNewBranch}
    </button>
  );
  const again = (
    <button key="again" type="button" className="text-button" onClick={() => sendAgain(messageId)}>
      {isWithdrawn ? texts.saves.send : texts.saves.retry}
    </button>
  );
  return (
    <span className="ways-out">
      {blocker !== undefined && (
        <button type="button" className="text-button" onClick={() => showBlocker(conversationId, blocker)}>
          {texts.saves.showBlocker}
        </button>
      )}
      {onEdit && (
        <button type="button" className="text-button" onClick={onEdit}>
          {texts.saves.edit}
        </button>
      )}
      {/* What is more likely to help stands first. */}
      {isWithdrawn ? again : PLACE_CODES.has(code) ? [branch, again] : [again, branch]}
      {text !== '' && <CopyButton text={text} label={texts.thread.copy} wordy />}
      <button type="button" className="text-button" onClick={() => void discardItem(messageId)}>
        {texts.saves.discard}
      </button>
    </span>
  );
}

/** What becomes of a blocked message is decided at the one that it builds on. */
function showBlocker(conversationId: string, messageId: string): void {
  changeUi({ dialog: null });
  openConversation(conversationId, messageId);
}
