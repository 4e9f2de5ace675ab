import type { AuthOptions, SessionKeeper } from '@manent/client/session';
import { useEffect, useState } from 'react';
import { owner } from '../state/localValue';
import { changeUi } from '../state/ui';
import { Dialog } from '../ui/dialogs/Dialog';
import { sessionKeeper } from './entrance';
import { Problem } from './Field';
import { SignInForm } from './SignInForm';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

/** Signing in again over the page: nothing of it is lost, and what waits goes on by itself. */
export function SignInDialog() {
  const texts = useAccountTexts();
  const [ready, setReady] = useState<{ keeper: SessionKeeper; options: AuthOptions } | null>(null);
  const { problem, run } = useAttempt();
  const look = () =>
    void run(async () => {
      const keeper = await sessionKeeper();
      setReady({ keeper, options: await keeper.options() });
    });
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- once, when the dialog opens
  useEffect(look, []);
  return (
    <Dialog title={texts.signIn.again} className="sign-in">
      <p className="hint">{texts.signIn.againHint(owner?.name ?? '')}</p>
      {ready && <SignInForm {...ready} returnTo={location.pathname + location.search} knownEmail={owner?.email} onSignedIn={() => changeUi({ dialog: null })} />}
      {problem !== null && (
        <>
          <Problem text={problem} />
          <button type="button" className="button wide" onClick={look}>
            {texts.signIn.tryAgain}
          </button>
        </>
      )}
      <p className="hint">{texts.signIn.another}</p>
    </Dialog>
  );
}
