import { Clock, HardDrive } from 'lucide-react';
import { useCountdown } from '../../hooks/useCountdown';
import { useShownSave } from '../../hooks/useShownSave';
import type { SaveInfo } from '../../state/outbox';
import { useStore } from '../../state/store';
import { useStrings } from '../../strings';
import { showItem } from '../outbox/commands';
import { usePlace } from '../outbox/usePlace';
import { saveLabel, saveSentence } from '../outbox/words';

/** The truth about a message that is not saved yet. A saved one has no mark; one that needs a decision has its own line (`SaveTrouble`). */
export function SaveMark({ messageId }: { messageId: string }) {
  const save = useShownSave(useStore((state) => state.saves[messageId]));
  if (save === null || save.state === 'failed' || save.state === 'discarded') return null;
  return <Mark messageId={messageId} save={save} />;
}

function Mark({ messageId, save }: { messageId: string; save: SaveInfo }) {
  const texts = useStrings();
  const place = usePlace();
  const inJournal = useStore((state) => state.receipts[messageId] === 'journal');
  const seconds = useCountdown(save.state === 'waiting' && !inJournal ? save.until : null);
  const sentence = inJournal ? texts.saves.inJournal : saveSentence(save, place, texts);
  const Icon = inJournal || save.state === 'sending' || save.state === 'storing' ? Clock : HardDrive;
  return (
    <button type="button" className="save-mark" title={sentence} onClick={() => showItem(messageId)}>
      <Icon aria-hidden />
      <span className="save-label">
        {inJournal ? texts.saves.journal : saveLabel(save, place, texts)}
        {seconds !== null && (
          <span className="countdown" aria-hidden>
            {' '}
            · {texts.saves.inSeconds(seconds)}
          </span>
        )}
      </span>
      <span className="visually-hidden">
        . {sentence} {texts.saves.history}
      </span>
    </button>
  );
}
