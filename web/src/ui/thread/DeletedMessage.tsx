import type { Message } from '../../core/messages';
import { useStrings } from '../../strings';
import { BranchSwitcher } from './BranchSwitcher';

/** The place of a message that was deleted: what follows it and what stands beside it stay where they are. */
export function DeletedMessage({ message, siblings, siblingIndex }: { message: Message; siblings: readonly string[]; siblingIndex: number }) {
  const texts = useStrings();
  return (
    <>
      <p className="quiet-note deleted">{message.role === 'user' ? texts.thread.deletedQuestion : texts.thread.deletedAnswer}</p>
      {siblings.length > 1 && (
        <div className="message-tools">
          <BranchSwitcher conversationId={message.conversationId} siblings={siblings} index={siblingIndex} />
        </div>
      )}
    </>
  );
}
