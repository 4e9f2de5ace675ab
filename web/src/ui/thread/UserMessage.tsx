import { Pencil } from 'lucide-react';
import type { ImagePart } from '../../api/types';
import { type Message, textOf } from '../../core/messages';
import type { SaveInfo } from '../../state/outbox';
import { useStore } from '../../state/store';
import { changeUi, useUi } from '../../state/ui';
import { problemText, useStrings } from '../../strings';
import { getAnswer } from '../commands';
import { CopyButton } from '../CopyButton';
import { BranchSwitcher } from './BranchSwitcher';
import { EditedMark } from './EditedMark';
import { MessageEditor } from './MessageEditor';
import type { MessageRowProperties } from './MessageRow';
import { SaveMark } from './SaveMark';
import { SaveTrouble } from './SaveTrouble';

/** The person's words, in a bubble, with their pictures. */
export function UserMessage({ message, siblings, siblingIndex, isLast }: MessageRowProperties) {
  const editing = useUi((state) => state.editing === message.id);
  const busy = useStore((state) => message.conversationId in state.answers);
  const needsDecision = useStore((state) => isTrouble(state.saves.get(message.id)));
  const text = textOf(message.content);
  const images = message.content.filter((part) => part.type === 'image');

  if (editing) return <MessageEditor message={message} />;
  return (
    <>
      {images.length > 0 && (
        <div className="message-images">
          {images.map((image, index) => (
            <Picture key={index} image={image} />
          ))}
        </div>
      )}
      {text !== '' && (
        <div className="bubble" dir="auto">
          {text}
        </div>
      )}
      <div className="message-tools" data-empty={(needsDecision && siblings.length < 2 && message.editedAt === undefined) || undefined}>
        <SaveMark messageId={message.id} isOwn />
        <BranchSwitcher conversationId={message.conversationId} siblings={siblings} index={siblingIndex} />
        {!needsDecision && <Tools message={message} text={text} busy={busy} />}
        <EditedMark editedAt={message.editedAt} />
      </div>
      <SaveTrouble message={message} />
      {isLast && !busy && !needsDecision && <NoAnswer conversationId={message.conversationId} messageId={message.id} />}
    </>
  );
}

/** What can be done with a message; one that needs a decision has its own ways out. */
function Tools({ message, text, busy }: { message: Message; text: string; busy: boolean }) {
  const texts = useStrings();
  return (
    <>
      <CopyButton text={text} label={texts.thread.copy} />
      <button type="button" className="icon-button small" aria-label={texts.thread.edit} title={texts.thread.edit} disabled={busy} onClick={() => changeUi({ editing: message.id })}>
        <Pencil aria-hidden />
      </button>
    </>
  );
}

/** Nobody answers what the server does not take. */
function isTrouble(save: SaveInfo | undefined): boolean {
  return save?.state === 'failed' || save?.state === 'discarded';
}

function Picture({ image }: { image: ImagePart }) {
  const texts = useStrings();
  if (image.data === undefined || !/^image\/(png|jpeg|webp|gif)$/.test(image.mediaType ?? '')) return <span className="picture-missing">{texts.thread.picture}</span>;
  return <img src={`data:${image.mediaType};base64,${image.data}`} alt={texts.thread.picture} />;
}

/** A user's message at the end without an answer says why, where that is known, and offers to get one. */
function NoAnswer({ conversationId, messageId }: { conversationId: string; messageId: string }) {
  const texts = useStrings();
  const problem = useStore((state) => state.problems[messageId]);
  const isError = problem !== undefined && problem.code !== 'stopped';
  return (
    <div className={isError ? 'cut-notice error' : 'cut-notice'} role={isError ? 'alert' : undefined}>
      <span>{problem === undefined ? texts.thread.noAnswer : isError ? `${texts.cut.failedEmpty} ${problemText(texts, problem)}` : texts.cut.stoppedEmpty}</span>
      <button type="button" className="text-button" onClick={() => getAnswer(conversationId, messageId)}>
        {problem === undefined || !isError ? texts.thread.getAnswer : texts.tryAgain}
      </button>
    </div>
  );
}
