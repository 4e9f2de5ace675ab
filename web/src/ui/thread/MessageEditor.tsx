import { useLayoutEffect, useRef, useState } from 'react';
import type { Part } from '../../api/types';
import { type Message, textOf } from '../../core/messages';
import { messageService } from '../../services/services';
import { changeUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { focusComposer } from '../commands';
import { GrowingTextArea } from '../composer/GrowingTextArea';

/** Another wording of a message: sending it makes a branch, the old wording stays. */
export function MessageEditor({ message }: { message: Message }) {
  const texts = useStrings();
  const [text, setText] = useState(() => textOf(message.content));
  const area = useRef<HTMLTextAreaElement>(null);
  const others = message.content.filter((part) => part.type !== 'text');
  const sendable = text.trim() !== '' || others.length > 0;

  useLayoutEffect(() => {
    const element = area.current;
    element?.focus();
    element?.setSelectionRange(element.value.length, element.value.length);
  }, []);

  const close = () => {
    changeUi({ editing: null });
    focusComposer();
  };
  const send = () => {
    if (!sendable) return;
    const parts: Part[] = text.trim() === '' ? others : [...others, { type: 'text', text }];
    messageService.editAndResend(message.conversationId, message.id, parts);
    close();
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
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            send();
          }
          if (event.key === 'Escape') {
            event.stopPropagation();
            close();
          }
        }}
      />
      <div className="editor-actions">
        <button type="button" className="button quiet" onClick={close}>
          {texts.cancel}
        </button>
        <button type="submit" className="button primary" disabled={!sendable}>
          {texts.thread.send}
        </button>
      </div>
    </form>
  );
}
