import { ApiProblem } from '@manent/client';
import type { Account, AuthOptions, SessionKeeper } from '@manent/client/session';
import { type FormEvent, useState } from 'react';
import { Field, Problem } from './Field';
import { openIdAddress, openIdOf, takesPasswords } from './options';
import { ResendPart } from './ResendPart';
import { SecondFactorForm } from './SecondFactorForm';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

interface Properties {
  keeper: SessionKeeper;
  options: AuthOptions;
  /** Where the page goes on after a sign-in at a provider: a path of this page. */
  returnTo: string;
  /** Whose turn it most likely is. */
  knownEmail?: string;
  onSignedIn: (account: Account) => void;
  onRegister?: () => void;
  onForgot?: () => void;
}

/** By password, with a second step where the account has one, or at a provider. */
export function SignInForm({ keeper, options, returnTo, knownEmail = '', onSignedIn, onRegister, onForgot }: Properties) {
  const texts = useAccountTexts();
  const [email, setEmail] = useState(knownEmail);
  const [password, setPassword] = useState('');
  const [pending, setPending] = useState<string | null>(null);
  const [isUnverified, setUnverified] = useState(false);
  const { isBusy, problem, run } = useAttempt();
  const openId = openIdOf(options);
  const hasPasswords = takesPasswords(options);

  if (pending !== null) return <SecondFactorForm keeper={keeper} token={pending} onSignedIn={onSignedIn} onBack={() => setPending(null)} />;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setUnverified(false);
    void run(async () => {
      const outcome = await keeper.signIn(email, password).catch((error: unknown) => {
        setUnverified(error instanceof ApiProblem && error.code === 'email_not_verified');
        throw error;
      });
      setPassword('');
      if (outcome.kind === 'signed_in') onSignedIn(outcome.account);
      else setPending(outcome.token);
    });
  };
  return (
    <>
      {hasPasswords && (
        <form className="account-form" onSubmit={submit}>
          <Field label={texts.email} type="email" name="email" autoComplete="username" required isFirst={knownEmail === ''} value={email} onChange={setEmail} />
          <Field label={texts.password} type="password" name="password" autoComplete="current-password" required isFirst={knownEmail !== ''} maxLength={128} value={password} onChange={setPassword} />
          <Problem text={problem} />
          {isUnverified && <ResendPart email={email} />}
          <button type="submit" className="button primary wide" disabled={isBusy}>
            {isBusy ? texts.working : texts.signIn.action}
          </button>
        </form>
      )}
      {openId && (
        <>
          {hasPasswords && <p className="account-or">{texts.signIn.or}</p>}
          {!hasPasswords && <p>{texts.signIn.noPasswords}</p>}
          <a className="button wide" href={openIdAddress(openId, returnTo)}>
            {texts.signIn.with(openId.label)}
          </a>
        </>
      )}
      {hasPasswords && (onForgot || onRegister) && (
        <p className="account-ways">
          {onForgot && (
            <button type="button" className="text-button" onClick={onForgot}>
              {texts.signIn.forgot}
            </button>
          )}
          {onRegister && options.registration !== 'closed' && (
            <button type="button" className="text-button" onClick={onRegister}>
              {texts.signIn.register}
            </button>
          )}
        </p>
      )}
    </>
  );
}
