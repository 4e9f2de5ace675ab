import { Hourglass } from 'lucide-react';
import { useSecondsToTry } from '../../hooks/useNextTry';
import { useOnline } from '../../hooks/useOnline';
import { outboxActions, type OutboxSlice } from '../../state/outbox';
import { type Strings, useStrings } from '../../strings';

/** In the place of an answer, or below what has come of it: it is asked for later, or goes on later, and why. */
export function AnswerWaits({ answerId, waiting, hasBegun }: { answerId: string; waiting: OutboxSlice['answersWaiting'][string]; hasBegun: boolean }) {
  const texts = useStrings();
  const isOnline = useOnline();
  const seconds = useSecondsToTry(waiting.until);
  const { giveUpAnswer } = outboxActions();
  return (
    <div className="answer-waits">
      <Hourglass aria-hidden />
      <span>
        {hasBegun ? texts.answerWaits.goesOn : waitText(waiting.reason.code, isOnline, texts)}{' '}
        {seconds !== null && (
          <span className="countdown" aria-hidden>
            {texts.banner.nextTry(seconds)}
          </span>
        )}
      </span>
      {giveUpAnswer && (
        <button type="button" className="text-button" onClick={() => giveUpAnswer(answerId)}>
          {hasBegun ? texts.answerWaits.leaveIt : texts.answerWaits.giveUp}
        </button>
      )}
    </div>
  );
}

function waitText(code: string, isOnline: boolean, texts: Strings): string {
  if (code === 'sign_in') return texts.answerWaits.signIn;
  if (code === 'behind_answer') return texts.answerWaits.next;
  if (code === 'behind_another') return texts.answerWaits.behind;
  if (!isOnline) return texts.answerWaits.offline;
  return code === 'server_busy' ? texts.answerWaits.busy : texts.answerWaits.text;
}
