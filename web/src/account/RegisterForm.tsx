import { ApiProblem } from '@manent/client';
import type { Account, AuthOptions, SessionKeeper } from '@manent/client/session';
import { type FormEvent, useState } from 'react';
import { Field, Problem } from './Field';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

interface Properties {
  keeper: SessionKeeper;
  options: AuthOptions;
  /** The secret of an invitation, from the link that the person opened. */
  invitation: string | null;
  onSignedIn: (account: Account) => void;
  /** To the sign-in, with something to be said there, and the address that was typed. */
  onSignIn: (notice: string | null, email: string) => void;
}

/** Makes an account, and signs in with it. */
export function RegisterForm({ keeper, options, invitation, onSignedIn, onSignIn }: Properties) {
  const { register: texts, ...common } = useAccountTexts();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { isBusy, problem, run } = useAttempt();
  const refusal = options.registration === 'closed' ? texts.closed : options.registration === 'invited' && invitation === null ? texts.invitedOnly : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await keeper.register({ name, email, password, ...(invitation === null ? {} : { invitation }) });
      // The server does not tell whether the address had an account: with this password it has one, or not.
      try {
        const outcome = await keeper.signIn(email, password);
        if (outcome.kind === 'signed_in') return onSignedIn(outcome.account);
      } catch (error) {
        if (error instanceof ApiProblem && error.code === 'email_not_verified') return onSignIn(texts.mailed, email);
        if (!(error instanceof ApiProblem)) throw error;
      }
      onSignIn(texts.made, email);
    });
  };
  return (
    <>
      {refusal !== null ? (
        <p>{refusal}</p>
      ) : (
        <form className="account-form" onSubmit={submit}>
          {invitation !== null && <p>{texts.invited}</p>}
          <Field label={common.name} name="name" autoComplete="name" required isFirst maxLength={80} value={name} onChange={setName} />
          <Field label={common.email} type="email" name="email" autoComplete="username" required value={email} onChange={setEmail} />
          <Field
            label={common.password}
            hint={common.passwordRule(options.minPasswordLength)}
            type="password"
            name="password"
            autoComplete="new-password"
            required
            minLength={options.minPasswordLength}
            maxLength={128}
            value={password}
            onChange={setPassword}
          />
          <Problem text={problem} />
          <button type="submit" className="button primary wide" disabled={isBusy}>
            {isBusy ? common.working : texts.action}
          </button>
        </form>
      )}
      <p className="account-ways">
        <button type="button" className="text-button" onClick={() => onSignIn(null, email)}>
          {texts.haveOne}
        </button>
      </p>
    </>
  );
}
