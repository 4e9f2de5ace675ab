import { CircleAlert, RotateCcw } from 'lucide-react';
import type { Message } from '../../core/messages';
import { textOf } from '../../core/messages';
import { useStore } from '../../state/store';
import { changeUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { bringBack, showItem } from '../outbox/commands';
import { WaysOut } from '../outbox/WaysOut';
import { failureText, isQuiet } from '../outbox/words';

/** Says that a message was not saved and why, with the ways out. A click on the reason shows what happened. */
export function SaveTrouble({ message }: { message: Message }) {
  const texts = useStrings();
  const save = useStore((state) => state.saves.get(message.id));
  if (save?.state === 'discarded') {
    return (
      <div className="save-trouble quiet">
        <span>{texts.saves.discarded}</span>
        <button type="button" className="text-button" onClick={() => bringBack(message.id)}>
          {texts.undo}
        </button>
      </div>
    );
  }
  if (save?.state !== 'failed') return null;
  const isWithdrawn = save.reason?.code === 'withdrawn';
  return (
    <div className={isQuiet(save.reason) ? 'save-trouble quiet' : 'save-trouble'}>
      <button type="button" className="trouble-reason" title={texts.saves.history} onClick={() => showItem(message.id)}>
        {isWithdrawn ? <RotateCcw aria-hidden /> : <CircleAlert aria-hidden />}
        {failureText(save.reason, texts)}
      </button>
      <WaysOut
        messageId={message.id}
        conversationId={message.conversationId}
        reason={save.reason}
        text={textOf(message.content)}
        onEdit={message.role === 'user' ? () => changeUi({ editing: message.id }) : undefined}
      />
    </div>
  );
}
