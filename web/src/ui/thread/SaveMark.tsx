import { Clock, HardDrive, X } from 'lucide-react';
import { useSecondsToTry } from '../../hooks/useNextTry';
import { useShownSave } from '../../hooks/useShownSave';
import type { SaveInfo } from '../../state/outbox';
import { useStore } from '../../state/store';
import { useStrings } from '../../strings';
import { showItem, withdrawItem } from '../outbox/commands';
import { usePlace } from '../outbox/usePlace';
import { saveLabel, saveSentence } from '../outbox/words';

/** The truth about a message that is not saved yet. A saved one has no mark; one that needs a decision has its own line (`SaveTrouble`). */
export function SaveMark({ messageId, isOwn = false }: { messageId: string; isOwn?: boolean }) {
  const save = useShownSave(useStore((state) => state.saves.get(messageId)));
  if (save === null || save.state === 'failed' || save.state === 'discarded') return null;
  const canWithdraw = isOwn && !save.mayBeSent && (save.state === 'queued' || save.state === 'waiting');
  return (
    <>
      <Mark messageId={messageId} save={save} />
      {canWithdraw && <Withdraw messageId={messageId} />}
    </>
  );
}

function Mark({ messageId, save }: { messageId: string; save: SaveInfo }) {
  const texts = useStrings();
  const place = usePlace();
  const inJournal = useStore((state) => state.receipts[messageId] === 'journal');
  const seconds = useSecondsToTry(save.state === 'waiting' && !inJournal ? save.until : null);
  const sentence = inJournal ? texts.saves.inJournal : saveSentence(save, place, texts);
  const { where, why } = inJournal ? { where: texts.saves.journal, why: undefined } : saveLabel(save, place, texts);
  const Icon = inJournal || save.state === 'sending' || save.state === 'storing' ? Clock : HardDrive;
  return (
    <button type="button" className="save-mark" title={sentence} onClick={() => showItem(messageId)}>
      <Icon aria-hidden />
      <span className="save-label">
        {why === undefined ? where : <span className="save-where">{where} · </span>}
        {why}
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

function Withdraw({ messageId }: { messageId: string }) {
  const texts = useStrings();
  return (
    <button type="button" className="icon-button small" aria-label={texts.saves.takeBack} title={texts.saves.takeBack} onClick={() => void withdrawItem(messageId)}>
      <X aria-hidden />
    </button>
  );
}
