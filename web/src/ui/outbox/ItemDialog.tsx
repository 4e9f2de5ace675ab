import { useSecondsToTry } from '../../hooks/useNextTry';
import { textOf } from '../../core/messages';
import { outboxActions, type SaveInfo } from '../../state/outbox';
import { useStore } from '../../state/store';
import { changeUi, useUi } from '../../state/ui';
import { useAllStrings } from '../../strings/seldom';
import { Dialog } from '../dialogs/Dialog';
import { withdrawItem } from './commands';
import { HistoryList } from './HistoryList';
import { usePlace } from './usePlace';
import { WaysOut } from './WaysOut';
import { isQuiet, saveSentence } from './words';

/** Where one message stands, what happened to it, and what can be done. */
export function ItemDialog() {
  const texts = useAllStrings();
  const messageId = useUi((state) => state.item) ?? '';
  const save = useStore((state) => state.saves.get(messageId));
  // Drawn again with every change of the outbox, and read anew then.
  useStore((state) => state.queue);
  const place = usePlace();
  const seconds = useSecondsToTry(save?.state === 'waiting' ? save.until : null);
  return (
    <Dialog title={texts.item.title} className="item-dialog">
      <p role="status" className={save?.state === 'failed' && !isQuiet(save.reason) ? 'item-now failed' : 'item-now'}>
        {save === undefined ? texts.item.saved : saveSentence(save, place, texts)}
      </p>
      {seconds !== null && <p className="hint countdown">{texts.banner.nextTry(seconds)}</p>}
      <h3>{texts.item.history}</h3>
      <HistoryList entries={outboxActions().history(messageId)} />
      {save !== undefined && <Actions messageId={messageId} save={save} />}
    </Dialog>
  );
}

function Actions({ messageId, save }: { messageId: string; save: SaveInfo }) {
  const texts = useAllStrings();
  const message = useStore((state) => state.threads[save.conversationId]?.messages.get(messageId));
  const edit = message?.role === 'user' ? () => changeUi({ dialog: null, editing: messageId }) : undefined;
  if (save.state === 'failed') {
    return (
      <div className="item-actions">
        <WaysOut messageId={messageId} conversationId={save.conversationId} reason={save.reason} text={textOf(message?.content ?? [])} onEdit={edit} />
      </div>
    );
  }
  if (save.mayBeSent || (save.state !== 'queued' && save.state !== 'waiting')) return null;
  const withdraw = () => {
    changeUi({ dialog: null });
    void withdrawItem(messageId);
  };
  return (
    <div className="item-actions">
      {edit && (
        <button type="button" className="text-button" onClick={edit}>
          {texts.thread.edit}
        </button>
      )}
      <button type="button" className="text-button" onClick={withdraw}>
        {texts.saves.withdraw}
      </button>
    </div>
  );
}
