import { RefreshCw } from 'lucide-react';
import { useMemo } from 'react';
import { errorOf, textOf } from '../../core/messages';
import { Markdown } from '../../markdown/Markdown';
import { type LiveAnswer, useStore } from '../../state/store';
import { useStrings } from '../../strings';
import { regenerateAnswer } from '../commands';
import { CopyButton } from '../CopyButton';
import { AnswerDetails } from './AnswerDetails';
import { AnswerWaits } from './AnswerWaits';
import { BranchSwitcher } from './BranchSwitcher';
import { CutNotice } from './CutNotice';
import { EditedMark } from './EditedMark';
import type { MessageRowProperties } from './MessageRow';
import { Reasoning } from './Reasoning';
import { SaveMark } from './SaveMark';
import { SaveTrouble } from './SaveTrouble';
import { ToolParts } from './ToolParts';

/** An answer: while it comes, what is shown of it; afterwards what was kept. Both are drawn by the same elements, so nothing jumps at the end. */
export function AssistantMessage({ message, siblings, siblingIndex }: MessageRowProperties) {
  const live = useStore((state) => {
    const answer = state.answers[message.conversationId];
    return answer?.messageId === message.id ? answer : null;
  });
  const kept = useMemo(
    () => ({
      text: textOf(message.content),
      reasoning: message.content.filter((part) => part.type === 'reasoning').map((part) => part.text).join('\n\n'),
      durationMs: message.content.find((part) => part.type === 'reasoning')?.durationMs ?? null,
    }),
    [message.content],
  );
  const waiting = useStore((state) => state.answersWaiting[message.id]);
  const text = live?.text ?? kept.text;
  const reasoning = live?.reasoning ?? kept.reasoning;
  return (
    <>
      {reasoning !== '' && (
        <Reasoning text={reasoning} durationMs={live ? live.reasoningDurationMs : kept.durationMs} thinking={live !== null && live.reasoningDurationMs === null && text === ''} />
      )}
      {text !== '' && <Markdown text={text} growing={live !== null} />}
      {waiting ? <AnswerWaits answerId={message.id} waiting={waiting} hasBegun={text !== ''} /> : live ? <Waiting live={live} /> : <Ended message={message} siblings={siblings} siblingIndex={siblingIndex} text={text} />}
    </>
  );
}

function Waiting({ live }: { live: LiveAnswer }) {
  const texts = useStrings();
  const reachable = useStore((state) => state.connectivity.reachable);
  if (!reachable) return <p className="quiet-note lost">{texts.thread.lost}</p>;
  if (live.text !== '' || live.reasoning !== '') return null;
  return (
    <p className="waiting" aria-label={texts.thread.waiting}>
      <span className="dots" aria-hidden>
        <span />
        <span />
        <span />
      </span>
    </p>
  );
}

function Ended({ message, siblings, siblingIndex, text }: Pick<MessageRowProperties, 'message' | 'siblings' | 'siblingIndex'> & { text: string }) {
  const texts = useStrings();
  const busy = useStore((state) => message.conversationId in state.answers);
  const omitted = useStore((state) => state.omitted[message.id] ?? 0);
  // What was asked is gone: there is nothing to answer anew.
  const hasQuestion = useStore((state) => message.parentId !== null && state.threads[message.conversationId]?.messages.get(message.parentId)?.deletedAt === undefined);
  return (
    <>
      <ToolParts content={message.content} />
      <CutNotice message={message} error={errorOf(message.content)} hasText={text !== ''} disabled={busy} canRegenerate={hasQuestion} />
      {omitted > 0 && <p className="quiet-note">{texts.thread.omitted(omitted)}</p>}
      <div className="message-tools">
        <EditedMark editedAt={message.editedAt} />
        {text !== '' && <CopyButton text={text} label={texts.thread.copy} />}
        <button
          type="button"
          className="icon-button small"
          aria-label={texts.thread.regenerate}
          title={texts.thread.regenerate}
          disabled={busy || !hasQuestion}
          onClick={() => regenerateAnswer(message.conversationId, message.id)}
        >
          <RefreshCw aria-hidden />
        </button>
        <BranchSwitcher conversationId={message.conversationId} siblings={siblings} index={siblingIndex} />
        <AnswerDetails message={message} />
        <SaveMark messageId={message.id} />
      </div>
      <SaveTrouble message={message} />
    </>
  );
}
