import type { Message } from '../../core/messages';
import { owner } from '../../state/localValue';
import { changeUi } from '../../state/ui';
import { problemText, type Strings, useStrings } from '../../strings';
import { continueAnswer, regenerateAnswer } from '../commands';

/** What the person's own key for the provider mends. */
const NEEDS_OWN_KEY = new Set(['own_key_missing', 'own_key_expired', 'own_key_unusable']);

interface Properties {
  message: Message;
  error: { code: string; detail: string } | null;
  hasText: boolean;
  disabled: boolean;
  canRegenerate: boolean;
}

/** Says that an answer is not whole and by what it was cut, and offers to continue or to answer anew. */
export function CutNotice({ message, error, hasText, disabled, canRegenerate }: Properties) {
  const texts = useStrings();
  const text = cutText(message, error, hasText, texts);
  if (text === null || message.parentId === null) return null;
  const isError = message.status === 'failed' || error?.code === 'empty_answer';
  const isRunning = message.status === 'running';
  const canContinue = hasText && error?.code !== 'finish_refusal' && error?.code !== 'finish_content_filter';
  return (
    <div className={isError ? 'cut-notice error' : 'cut-notice'}>
      <span>{text}</span>
      {!isRunning && (
        <span className="cut-actions">
          {owner && error !== null && NEEDS_OWN_KEY.has(error.code) && (
            <button type="button" className="text-button" onClick={() => changeUi({ dialog: 'settings', settingsPage: 'account' })}>
              {texts.thread.storeKey}
            </button>
          )}
          {canContinue && (
            <button type="button" className="text-button" disabled={disabled} onClick={() => continueAnswer(message.conversationId, message.id)}>
              {texts.thread.continue}
            </button>
          )}
          {canRegenerate && (
            <button type="button" className="text-button" disabled={disabled} onClick={() => regenerateAnswer(message.conversationId, message.id)}>
              {texts.thread.regenerate}
            </button>
          )}
        </span>
      )}
    </div>
  );
}

function cutText(message: Message, error: Properties['error'], hasText: boolean, texts: Strings): string | null {
  const ownWords = error === null ? undefined : (texts.cut as Record<string, string>)[error.code];
  if (ownWords !== undefined) return ownWords;
  switch (message.status) {
    case 'stopped':
      return texts.cut.stopped;
    case 'interrupted':
      return error === null ? texts.cut.interruptedServer : texts.cut.interrupted;
    case 'running':
      return texts.cut.running;
    case 'failed':
      return `${hasText ? texts.cut.failed : texts.cut.failedEmpty} ${error ? problemText(texts, error) : ''}`;
    case 'complete':
      return error ? problemText(texts, error) : null;
  }
}
