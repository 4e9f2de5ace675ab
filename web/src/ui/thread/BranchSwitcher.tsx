import { ChevronLeft, ChevronRight } from 'lucide-react';
import { messageService } from '../../services/services';
import { useStore } from '../../state/store';
import { useStrings } from '../../strings';

/** Another message with its own switcher stands here now: the focus goes on there, on the same button while it leads anywhere. */
function focusSwitcher(messageId: string, forward: boolean): void {
  if (document.activeElement !== document.body) return;
  const buttons = [...document.querySelectorAll<HTMLButtonElement>(`[data-message-id="${CSS.escape(messageId)}"] .branches button`)];
  if (forward) buttons.reverse();
  buttons.find((button) => !button.disabled)?.focus();
}

/** Goes between the versions of a message: `2/3`. */
export function BranchSwitcher({ conversationId, siblings, index }: { conversationId: string; siblings: readonly string[]; index: number }) {
  const texts = useStrings();
  const busy = useStore((state) => conversationId in state.answers);
  if (siblings.length < 2) return null;
  const go = (to: number) => {
    const id = siblings[to];
    if (!id) return;
    messageService.chooseBranch(conversationId, id);
    requestAnimationFrame(() => focusSwitcher(id, to > index));
  };
  return (
    <span className="branches" role="group" aria-label={texts.thread.branch(index + 1, siblings.length)}>
      <button type="button" className="icon-button small" aria-label={texts.thread.previousBranch} title={texts.thread.previousBranch} disabled={busy || index === 0} onClick={() => go(index - 1)}>
        <ChevronLeft aria-hidden />
      </button>
      <span aria-hidden>
        {index + 1}/{siblings.length}
      </span>
      <button
        type="button"
        className="icon-button small"
        aria-label={texts.thread.nextBranch}
        title={texts.thread.nextBranch}
        disabled={busy || index === siblings.length - 1}
        onClick={() => go(index + 1)}
      >
        <ChevronRight aria-hidden />
      </button>
    </span>
  );
}
