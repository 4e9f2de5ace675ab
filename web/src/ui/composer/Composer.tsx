import { ArrowUp, ImagePlus, Square } from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Part } from '../../api/types';
import { effectiveModel } from '../../core/modelChoice';
import type { PathItem } from '../../core/messageTree';
import { useConfig } from '../../hooks/useConfig';
import { messageService } from '../../services/services';
import { NEW_CONVERSATION, readDraft, writeDraft } from '../../state/drafts';
import { useStore } from '../../state/store';
import { showToast } from '../../state/toasts';
import { changeUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { navigate } from '../router';
import { Attachments } from './Attachments';
import { DemoNotice } from './DemoNotice';
import { GrowingTextArea } from './GrowingTextArea';
import { ModelSelect } from './ModelSelect';
import { useAttachments } from './useAttachments';
import type { Attachment } from './images';
import { WaitingWords } from './WaitingWords';

/** The most text that one message may have, in bytes. */
const MOST_TEXT_BYTES = 256 * 1024;

/** A message that is still to be sent. */
interface Words {
  text: string;
  attachments: readonly Attachment[];
}

interface Properties {
  conversationId: string | null;
  path: readonly PathItem[];
  /** False while the conversation is still being loaded: what is typed is kept, and what is sent waits for it. */
  ready: boolean;
}

/** Where the next message is written. */
export function Composer({ conversationId, path, ready }: Properties) {
  const texts = useStrings();
  const draftKey = conversationId ?? NEW_CONVERSATION;
  const [text, setText] = useState(() => readDraft(draftKey));
  const [config, setConfig] = useConfig(conversationId);
  const models = useStore((state) => state.models);
  const answerId = useStore((state) => (conversationId === null ? undefined : state.answers[conversationId]?.messageId));
  const answering = answerId !== undefined;
  const attaching = useAttachments();
  const input = useRef<HTMLTextAreaElement>(null);
  const fileInput = useRef<HTMLInputElement>(null);
  const { attachments } = attaching;
  const canSee = effectiveModel(config, models)?.vision !== false;
  const [waiting, setWaiting] = useState<readonly Words[]>([]);
  const canSend = text.trim() !== '' || attachments.length > 0;
  // Nothing can follow an answer of which the server may have nothing yet.
  const mustWait = !ready || path.findLast(({ message }) => message.id === answerId)?.message.seq === null;

  useEffect(() => {
    if (matchMedia('(hover: hover)').matches && document.activeElement === document.body) input.current?.focus();
  }, []);

  // What waits is kept with what is typed: a page that is loaded anew has the words of both.
  const change = (value: string, before = waiting) => {
    setText(value);
    writeDraft(draftKey, [...before.map((words) => words.text), value].filter((words) => words !== '').join('\n\n'));
  };

  const wait = (words: readonly Words[], value: string) => {
    setWaiting(words);
    change(value, words);
  };

  const post = ({ text: words, attachments: pictures }: Words) => {
    const parts: Part[] = pictures.map((attachment) => attachment.part);
    if (words.trim() !== '') parts.push({ type: 'text', text: words });
    const sent = messageService.sendMessage(parts, conversationId ?? undefined, config);
    if (conversationId === null) changeUi({ newConfig: null });
    // Also away from a message that a search led to: what counts now is the end.
    navigate({ conversationId: sent.conversationId }, { replace: conversationId !== null });
  };

  const send = () => {
    if (!canSend) return;
    if (new TextEncoder().encode(text).length > MOST_TEXT_BYTES) {
      showToast(texts.composer.tooLong('256 KB'), null, 'error');
      return;
    }
    const words = { text, attachments };
    const isFirst = waiting.length === 0;
    if (mustWait || !isFirst) wait([...waiting, words], '');
    else {
      post(words);
      change('');
    }
    attaching.clear();
  };

  const takeBack = () => {
    const last = waiting.at(-1);
    if (!last) return;
    wait(waiting.slice(0, -1), text === '' ? last.text : `${last.text}\n\n${text}`);
    attaching.put(last.attachments);
    input.current?.focus();
  };

  useEffect(() => {
    const [next, ...rest] = waiting;
    if (!next || mustWait) return;
    wait(rest, text);
    post(next);
  });

  const editLast = (): boolean => {
    const last = path.findLast((item) => item.message.role === 'user' && item.message.deletedAt === undefined);
    if (!last || answering) return false;
    changeUi({ editing: last.message.id });
    return true;
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === 'ArrowUp' && text === '' && waiting.length > 0) {
      event.preventDefault();
      takeBack();
    } else if (event.key === 'ArrowUp' && text === '' && editLast()) {
      event.preventDefault();
    }
  };

  return (
    <>
      <form
        className="composer"
        data-dragging={attaching.dragging || undefined}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
        {...attaching.dropHandlers}
      >
        {attaching.dragging && <p className="drop-note">{texts.composer.drop}</p>}
        <Attachments attachments={attachments} onRemove={attaching.remove} />
        {attachments.length > 0 && !canSee && (
          <p className="composer-note" role="status">
            {texts.composer.noVision}
          </p>
        )}
        {waiting.length > 0 && (
          <WaitingWords words={waiting.map((words) => (words.text.trim() === '' ? texts.composer.pastedName : words.text))} why={ready ? texts.composer.later : texts.composer.whenRead} onTakeBack={takeBack} />
        )}
        <GrowingTextArea
          ref={input}
          id="composer-input"
          value={text}
          placeholder={texts.composer.placeholder}
          aria-label={texts.composer.label}
          enterKeyHint="send"
          onChange={(event) => change(event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={attaching.onPaste}
        />
        <div className="composer-tools">
          <button type="button" className="icon-button" aria-label={texts.composer.attach} title={texts.composer.attach} onClick={() => fileInput.current?.click()}>
            <ImagePlus aria-hidden />
          </button>
          <input
            ref={fileInput}
            type="file"
            accept="image/png,image/jpeg,image/webp,image/gif"
            multiple
            hidden
            onChange={(event) => {
              void attaching.add([...(event.target.files ?? [])]);
              event.target.value = '';
            }}
          />
          <ModelSelect config={config} onChange={setConfig} />
          <span className="spacer" />
          {answering && conversationId !== null && (
            <button type="button" className={canSend ? 'icon-button' : 'send-button'} aria-label={texts.composer.stop} title={texts.composer.stop} onClick={() => messageService.stop(conversationId)}>
              <Square aria-hidden className="filled" />
            </button>
          )}
          {(!answering || canSend) && (
            <button type="submit" className="send-button" aria-label={texts.composer.send} title={texts.composer.send} disabled={!canSend}>
              <ArrowUp aria-hidden />
            </button>
          )}
        </div>
      </form>
      <DemoNotice />
    </>
  );
}
