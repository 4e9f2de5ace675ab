import { Api } from '@manent/client';
import { type Account, type AuthOptions, createSession } from '@manent/client/session';
import { useEffect, useState } from 'react';
import { owner } from '../state/localValue';
import { useLanguage } from '../strings';
import { address } from '../ui/base';
import { Problem } from './Field';
import { ForgotForm } from './ForgotForm';
import { takeLink } from './link';
import { openIdAddress, openIdOf, resetsByMail } from './options';
import { forgetOwner, pageBelongsTo, pageBelongsToNobody } from './owner';
import { RegisterForm } from './RegisterForm';
import { ResetForm } from './ResetForm';
import { SignInForm } from './SignInForm';
import { type AccountTexts, useAccountTexts } from './texts';
import { sentenceOf, sentenceOfCode } from './useAttempt';
import { VerifyNotice } from './VerifyNotice';

export type EntranceView = 'signIn' | 'register' | 'forgot' | 'reset' | 'verify';

/** The page before somebody is signed in. Nothing of what others keep on this device is opened or shown. */
export function Entrance() {
  const texts = useAccountTexts();
  const language = useLanguage();
  const [link] = useState(takeLink);
  const [view, setView] = useState<EntranceView>(link.view);
  const [notice, setNotice] = useState<string | null>(link.hasLeft ? texts.signIn.left : null);
  const [email, setEmail] = useState('');
  const [keeper] = useState(() => createSession());
  const [api] = useState(() => new Api({ fetch: (input, init) => fetch(input, init) }));
  const [options, setOptions] = useState<AuthOptions | null>(null);
  const [problem, setProblem] = useState<string | null>(() => link.failure && sentenceOfCode(link.failure, texts));

  const enter = (account: Account) => {
    pageBelongsTo(account);
    location.replace(link.returnTo);
  };
  const look = async () => {
    try {
      const found = await keeper.options();
      if (!found.signIn) {
        forgetOwner();
        return location.replace(address('/'));
      }
      // Somebody may be signed in already, as after a sign-in at a provider; who came with a link wants what the link is for.
      const state = link.view === 'signIn' ? await keeper.start() : keeper.state;
      if (state.state === 'signed_in') return enter(state.account);
      if (owner && link.view === 'signIn') pageBelongsToNobody();
      const openId = openIdOf(found);
      if (openId?.automatic && link.view === 'signIn' && !link.hasLeft && link.failure === null) return location.replace(openIdAddress(openId, link.returnTo));
      setOptions(found);
      if (link.failure === null) setProblem(null);
    } catch (error) {
      setProblem(sentenceOf(error, texts));
    }
  };
  useEffect(() => {
    void look();
    // A link that is opened over this page changes what stands behind the `#` alone.
    window.addEventListener('hashchange', () => location.reload());
    // Another tab may be where the person signs in.
    return keeper.subscribe((state) => {
      if (state.state === 'signed_in' && link.view === 'signIn') enter(state.account);
    });
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once, when the page begins
  }, []);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = `${titleOf(view, texts)} · Manent`;
  }, [language, view, texts]);

  const show = (next: EntranceView, said: string | null = null) => {
    setProblem(null);
    setNotice(said);
    setView(next);
  };
  const toSignIn = (said: string | null, typed = '') => {
    setEmail(typed);
    show('signIn', said);
  };
  return (
    <main className="entrance">
      <div className="entrance-card">
        <p className="brand">Manent</p>
        <h1>{titleOf(view, texts)}</h1>
        <div role="status">{notice !== null && <p className="account-notice">{notice}</p>}</div>
        {problem !== null && <Problem text={problem} />}
        {problem !== null && options === null && (
          <button type="button" className="button wide" onClick={() => void look()}>
            {texts.signIn.tryAgain}
          </button>
        )}
        {options && view === 'signIn' && (
          <SignInForm keeper={keeper} options={options} returnTo={link.returnTo} knownEmail={email} onSignedIn={enter} onRegister={() => show('register')} onForgot={() => show('forgot')} />
        )}
        {options && view === 'register' && <RegisterForm keeper={keeper} options={options} invitation={link.invitation} onSignedIn={enter} onSignIn={toSignIn} />}
        {options && view === 'forgot' && <ForgotForm api={api} byMail={resetsByMail(options)} onBack={() => toSignIn(null)} />}
        {options && view === 'reset' && <ResetForm api={api} token={link.token} minPasswordLength={options.minPasswordLength} onSignIn={toSignIn} />}
        {options && view === 'verify' && <VerifyNotice api={api} token={link.token} onSignIn={toSignIn} />}
      </div>
    </main>
  );
}

function titleOf(view: EntranceView, texts: AccountTexts): string {
  return texts[view].title;
}
