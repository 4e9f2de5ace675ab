import { useId, useLayoutEffect, useRef, useState } from 'react';
import { useStrings } from '../../strings';
import { GrowingTextArea } from '../composer/GrowingTextArea';

interface Properties {
  text: string;
  /** Says what becomes of the change, where that is not what people expect. */
  note?: string;
  sendLabel: string;
  /** Whether an empty text may be sent, because something else is sent with it. */
  mayBeEmpty: boolean;
  onSend: (text: string) => void;
  onCancel: () => void;
}

/** Words that were written before, open for another wording. */
export function EditorForm({ text: before, note, sendLabel, mayBeEmpty, onSend, onCancel }: Properties) {
  const texts = useStrings();
  const [text, setText] = useState(before);
  const area = useRef<HTMLTextAreaElement>(null);
  const noteId = useId();
  const sendable = text.trim() !== '' || mayBeEmpty;

  useLayoutEffect(() => {
    const element = area.current;
    element?.focus();
    element?.setSelectionRange(element.value.length, element.value.length);
  }, []);

  const send = () => {
    if (sendable) onSend(text);
  };
  return (
    <form
      className="message-editor"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <GrowingTextArea
        ref={area}
        value={text}
        aria-label={texts.thread.editLabel}
        aria-describedby={note === undefined ? undefined : noteId}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            send();
          }
          if (event.key === 'Escape') {
            event.preventDefault();
            event.stopPropagation();
            onCancel();
          }
        }}
      />
      <div className="editor-actions">
        {note !== undefined && (
          <p className="hint" id={noteId}>
            {note}
          </p>
        )}
        <button type="button" className="button quiet" onClick={onCancel}>
          {texts.cancel}
        </button>
        <button type="submit" className="button primary" disabled={!sendable}>
          {sendLabel}
        </button>
      </div>
    </form>
  );
}
