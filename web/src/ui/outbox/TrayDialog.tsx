import { useState } from 'react';
import type { Part } from '../../api/types';
import type { OutboxItem } from '../../state/outbox';
import { useStore } from '../../state/store';
import { changeUi } from '../../state/ui';
import { useAllStrings } from '../../strings/seldom';
import { openConversation, titleOf } from '../commands';
import { Dialog } from '../dialogs/Dialog';
import { EditorForm } from '../thread/EditorForm';
import { bringBack, sendAgain, showItem } from './commands';
import { isOwnMessage, itemKind, itemText, partsOf } from './content';
import { WaysOut } from './WaysOut';
import { failureText, isQuiet } from './words';

/** How many items are shown at first, and with each "more". */
const PAGE = 30;

/** What was not saved and needs a decision, of all conversations, with what can be done. */
export function TrayDialog() {
  const texts = useAllStrings();
  const tray = useStore((state) => state.tray);
  const [shown, setShown] = useState(PAGE);
  const items = [...tray.filter((item) => item.state === 'failed'), ...tray.filter((item) => item.state !== 'failed')];
  const hidden = items.length - shown;
  return (
    <Dialog title={texts.tray.title} className="tray-dialog">
      <p className="hint">{items.length === 0 ? texts.tray.empty : texts.tray.explanation}</p>
      <ul className="tray">
        {items.slice(0, shown).map((item) => (
          <TrayItem key={item.messageId} item={item} />
        ))}
      </ul>
      {hidden > 0 && (
        <button type="button" className="text-button load-more" onClick={() => setShown(shown + PAGE)}>
          {texts.engine.more(Math.min(PAGE, hidden))}
        </button>
      )}
    </Dialog>
  );
}

function TrayItem({ item }: { item: OutboxItem }) {
  const texts = useAllStrings();
  const [editing, setEditing] = useState(false);
  const { messageId, conversationId, reason } = item;
  const text = itemText(item);
  const others = partsOf(item.message.content).filter((part) => part.type !== 'text');
  const isDiscarded = item.state === 'discarded';
  const go = () => {
    changeUi({ dialog: null });
    openConversation(conversationId, messageId);
  };
  const send = (words: string) => {
    const parts: Part[] = words.trim() === '' ? others : [...others, { type: 'text', text: words }];
    setEditing(false);
    sendAgain(messageId, parts);
  };
  return (
    <li className="tray-item" data-discarded={isDiscarded || undefined}>
      <p className="tray-place">
        <span>{itemKind(item, texts)}</span>
        <button type="button" className="text-button" title={texts.tray.openConversation} onClick={go}>
          {titleOf(conversationId)}
        </button>
      </p>
      {editing ? (
        <EditorForm text={text} sendLabel={texts.thread.send} mayBeEmpty={others.length > 0} onSend={send} onCancel={() => setEditing(false)} />
      ) : (
        <>
          <p className="tray-text" dir="auto" tabIndex={0}>
            {text !== '' ? text : others.some((part) => part.type === 'image') ? texts.tray.picture : texts.tray.nothingToShow}
          </p>
          <div className={isDiscarded || isQuiet(reason) ? 'save-trouble quiet' : 'save-trouble'}>
            <button type="button" className="trouble-reason" title={texts.saves.history} onClick={() => showItem(messageId)}>
              {isDiscarded ? texts.saves.discarded : failureText(reason, texts)}
            </button>
            {isDiscarded ? (
              <button type="button" className="text-button" onClick={() => bringBack(messageId)}>
                {texts.undo}
              </button>
            ) : (
              <WaysOut messageId={messageId} conversationId={conversationId} reason={reason} text={text} onEdit={isOwnMessage(item) ? () => setEditing(true) : undefined} />
            )}
          </div>
        </>
      )}
    </li>
  );
}
