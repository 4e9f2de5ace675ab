import type { Api } from '@manent/client';
import { type FormEvent, useState } from 'react';
import type { ResetPasswordRequest } from './apiTypes';
import { Field, Problem } from './Field';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

interface Properties {
  api: Api;
  /** From the link that the person opened. */
  token: string | null;
  minPasswordLength: number;
  onSignIn: (notice: string | null) => void;
}

/** Sets a new password with a link. */
export function ResetForm({ api, token, minPasswordLength, onSignIn }: Properties) {
  const { reset: texts, ...common } = useAccountTexts();
  const [password, setPassword] = useState('');
  const { isBusy, problem, run } = useAttempt();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token === null) return;
    void run(async () => {
      await api.send('POST', '/auth/reset', { token, newPassword: password } satisfies ResetPasswordRequest);
      onSignIn(texts.done);
    });
  };
  return (
    <>
      {token === null ? (
        <p>{texts.noToken}</p>
      ) : (
        <form className="account-form" onSubmit={submit}>
          <Field
            label={common.newPassword}
            hint={common.passwordRule(minPasswordLength)}
            type="password"
            name="new-password"
            autoComplete="new-password"
            required
            isFirst
            minLength={minPasswordLength}
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
        <button type="button" className="text-button" onClick={() => onSignIn(null)}>
          {common.back}
        </button>
      </p>
    </>
  );
}
