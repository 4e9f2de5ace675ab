import { useState } from 'react';
import type { Part } from '../../api/types';
import { type Message, textOf } from '../../core/messages';
import { messageService } from '../../services/services';
import { useStore } from '../../state/store';
import { changeUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { focusComposer } from '../commands';
import { replaceQueued, sendAgain } from '../outbox/commands';
import { EditorForm } from './EditorForm';
import { editPurpose } from './editPurpose';

/** Another wording of a message. What the server has stays: sending makes a branch. */
export function MessageEditor({ message }: { message: Message }) {
  const texts = useStrings();
  const save = useStore((state) => state.saves.get(message.id));
  // As it was when the editor opened: what it says must hold, and a message that went out meanwhile is told as such.
  const [purpose] = useState(() => editPurpose(save));
  const others = message.content.filter((part) => part.type !== 'text');

  const close = () => {
    changeUi({ editing: null });
    focusComposer();
  };
  const send = (text: string) => {
    const parts: Part[] = text.trim() === '' ? others : [...others, { type: 'text', text }];
    if (purpose === 'replace') replaceQueued(message.id, parts);
    else if (purpose === 'resend') sendAgain(message.id, parts);
    else messageService.editAndResend(message.conversationId, message.id, parts);
    close();
  };
  return (
    <EditorForm
      text={textOf(message.content)}
      note={purpose === 'branch' ? undefined : texts.saves.edits[purpose]}
      sendLabel={purpose === 'replace' ? texts.save : texts.thread.send}
      mayBeEmpty={others.length > 0}
      onSend={send}
      onCancel={close}
    />
  );
}
