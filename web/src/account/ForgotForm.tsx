import type { Api } from '@manent/client';
import { type FormEvent, useState } from 'react';
import type { AddressRequest } from './apiTypes';
import { Field, Problem } from './Field';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

/** Asks for a link with which a new password is set. The answer is the same for every address. */
export function ForgotForm({ api, byMail, onBack }: { api: Api; byMail: boolean; onBack: () => void }) {
  const { forgot: texts, ...common } = useAccountTexts();
  const [email, setEmail] = useState('');
  const [isSent, setSent] = useState(false);
  const { isBusy, problem, run } = useAttempt();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await api.send('POST', '/auth/reset/request', { email } satisfies AddressRequest);
      setSent(true);
    });
  };
  return (
    <form className="account-form" onSubmit={submit}>
      <div role="status">
        {isSent && <p>{texts.sent}</p>}
        {!byMail && <p>{texts.withoutMail}</p>}
      </div>
      {byMail && !isSent && (
        <>
          <p>{texts.explanation}</p>
          <Field label={common.email} type="email" name="email" autoComplete="username" required isFirst value={email} onChange={setEmail} />
          <Problem text={problem} />
          <button type="submit" className="button primary wide" disabled={isBusy}>
            {isBusy ? common.working : texts.action}
          </button>
        </>
      )}
      <p className="account-ways">
        <button type="button" className="text-button" onClick={onBack}>
          {common.back}
        </button>
      </p>
    </form>
  );
}
