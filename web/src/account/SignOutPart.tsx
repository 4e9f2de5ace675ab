import { ServerUnreachable } from '@manent/client';
import type { SessionKeeper } from '@manent/client/session';
import { useState } from 'react';
import { Problem } from './Field';
import { focusOnArrival } from './focusOnArrival';
import { signOut, type Unsent, unsent } from './signOut';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

/** The way out. What is not sent is never thrown away unasked. */
export function SignOutPart({ keeper }: { keeper: SessionKeeper }) {
  const { account: texts, ...common } = useAccountTexts();
  const [waiting, setWaiting] = useState<Unsent | null>(null);
  const { isBusy, problem, setProblem, run } = useAttempt();
  const leave = (discard: boolean) =>
    run(async () => {
      try {
        await signOut(keeper, { discard });
      } catch (error) {
        if (!(error instanceof ServerUnreachable)) throw error;
        setProblem(texts.needsServer);
      }
    });
  const ask = async () => {
    const found = await unsent();
    if (found.messages + found.drafts > 0) setWaiting(found);
    else await leave(false);
  };
  return (
    <section className="account-end">
      {waiting === null ? (
        <button type="button" className="button" disabled={isBusy} onClick={() => void ask()}>
          {isBusy ? common.working : texts.signOut}
        </button>
      ) : (
        <div role="group" aria-label={texts.signOutTitle} className="account-question">
          <p role="alert">
            {texts.unsent(waiting.messages, waiting.drafts)} {texts.unsentChoice}
          </p>
          <div className="account-choices">
            <button type="button" className="button primary" ref={focusOnArrival} disabled={isBusy} onClick={() => void leave(false)}>
              {texts.keepAndLeave}
            </button>
            <button type="button" className="button" onClick={() => setWaiting(null)}>
              {texts.stay}
            </button>
            <button type="button" className="button danger" disabled={isBusy} onClick={() => void leave(true)}>
              {texts.discardAndLeave}
            </button>
          </div>
        </div>
      )}
      <Problem text={problem} />
    </section>
  );
}
