import type { SaveReason } from '../../state/outbox';
import { useStore } from '../../state/store';
import { changeUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { openConversation } from '../commands';
import { CopyButton } from '../CopyButton';
import { discardItem, moveToNewBranch, moveToNewChat, sendAgain } from './commands';
import { causeOf, type WayOut, waysOutOf } from './waysOutOf';

interface Properties {
  messageId: string;
  conversationId: string;
  reason: SaveReason | null;
  /** What copying copies; without words there is nothing to copy. */
  text: string;
  /** Opens the words for writing; absent where they are not the person's. */
  onEdit?: () => void;
}

/** What a person can do with a message that the server does not take. */
export function WaysOut({ messageId, conversationId, reason, text, onEdit }: Properties) {
  const texts = useStrings();
  const { blockedBy } = reason ?? {};
  const cause = useStore((state) => causeOf(reason, state.saves));
  const isAnswer = useStore((state) => state.tray.find((item) => item.messageId === messageId)?.message.role === 'assistant');
  const ways: Record<Exclude<WayOut, 'copy'>, { label: string; run?: () => void }> = {
    showBlocker: { label: texts.saves.showBlocker, run: blockedBy === undefined ? undefined : () => showBlocker(conversationId, blockedBy) },
    newChat: { label: texts.saves.newChat, run: () => moveToNewChat(messageId) },
    edit: { label: texts.saves.edit, run: onEdit },
    again: { label: reason?.code === 'withdrawn' ? texts.saves.send : texts.saves.retry, run: () => sendAgain(messageId) },
    branch: { label: texts.saves.moveToNewBranch, run: () => moveToNewBranch(messageId) },
    discard: { label: texts.saves.discard, run: () => void discardItem(messageId) },
  };
  return (
    <span className="ways-out">
      {waysOutOf(reason, { isAnswer, cause }).map((way) => {
        if (way === 'copy') return text === '' ? null : <CopyButton key={way} text={text} label={texts.thread.copy} wordy />;
        const { label, run } = ways[way];
        return (
          run && (
            <button key={way} type="button" className="text-button" onClick={run}>
              {label}
            </button>
          )
        );
      })}
    </span>
  );
}

/** What becomes of a blocked message is decided at the one that it builds on. */
function showBlocker(conversationId: string, messageId: string): void {
  changeUi({ dialog: null });
  openConversation(conversationId, messageId);
}
