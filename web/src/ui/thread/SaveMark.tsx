import { CircleAlert, Clock } from 'lucide-react';
import { useDelayed } from '../../hooks/useDelayed';
import { persistenceService } from '../../services/services';
import type { SaveInfo } from '../../state/outbox';
import { useStore } from '../../state/store';
import { problemText, type Strings, useStrings } from '../../strings';

/** A save that takes longer than this is worth a mark, in milliseconds. */
const SLOW_SAVE_MS = 1_000;

/** The truth about a message that is not saved yet. A saved one has no mark. */
export function SaveMark({ messageId }: { messageId: string }) {
  const texts = useStrings();
  const save = useStore((state) => state.saves[messageId]);
  const inJournal = useStore((state) => state.receipts[messageId] === 'journal');
  const slow = useDelayed(save !== undefined, SLOW_SAVE_MS);
  if (!save) return null;
  if (save.state === 'failed') {
    return (
      <span className="save-mark failed" role="alert">
        <CircleAlert aria-hidden />
        {saveText(save, texts)}
        <button type="button" className="text-button" onClick={() => persistenceService.retryFailed(messageId)}>
          {texts.saves.retry}
        </button>
      </span>
    );
  }
  if (save.state !== 'waiting' && !slow) return null;
  const text = inJournal ? texts.saves.inJournal : saveText(save, texts);
  return (
    <span className="save-mark" title={text} role="status">
      <Clock aria-hidden />
      <span aria-hidden>{inJournal ? texts.saves.journal : save.state === 'sending' ? texts.saves.sending : save.state === 'queued' ? texts.saves.queued : texts.saves.waiting}</span>
      <span className="visually-hidden">{text}</span>
    </span>
  );
}

function saveText(save: SaveInfo, texts: Strings): string {
  if (save.state === 'failed') return texts.saves.failed(save.reason ? problemText(texts, save.reason) : '');
  if (save.state === 'queued') return texts.saves.queued;
  if (save.state === 'sending') return texts.saves.sending;
  if (save.reason?.code === 'server_busy') return texts.saves.waitingBusy;
  if (save.reason?.code === 'behind_another') return texts.saves.waitingBehind;
  return texts.saves.waitingAway;
}
