import type { Account } from '@manent/client/session';
import { type FormEvent, useState } from 'react';
import { address } from '../ui/base';
import { accountApi } from './accountApi';
import { Field, Problem } from './Field';
import { ownerKeys } from './owner';
import { proofOf } from './proof';
import { forgetOnDevice } from './signOut';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

/** Deletes the account with everything that it owns, after a proof of who asks and a word that they know what it means. */
export function DeletePart({ account, hasPassword }: { account: Account; hasPassword: boolean }) {
  const { remove: texts, ...common } = useAccountTexts();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [isUnderstood, setUnderstood] = useState(false);
  const { isBusy, problem, run } = useAttempt();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await accountApi.send('DELETE', '/account', { ...(password === '' ? {} : { password }), ...(account.twoFactor ? proofOf(code) : {}) });
      await forgetOnDevice({ discard: true });
      for (const key of ownerKeys('manent.')) localStorage.removeItem(key);
      location.replace(address('/'));
    });
  };
  return (
    <details className="account-part">
      <summary>{texts.title}</summary>
      <form onSubmit={submit}>
        <p>{texts.explanation}</p>
        {hasPassword && !account.twoFactor && (
          <Field label={common.password} type="password" name="password" autoComplete="current-password" required maxLength={128} value={password} onChange={setPassword} />
        )}
        {account.twoFactor && <Field label={texts.code} autoComplete="one-time-code" spellCheck={false} required maxLength={20} value={code} onChange={setCode} />}
        <p className="account-scopes">
          <label>
            <input type="checkbox" required checked={isUnderstood} onChange={() => setUnderstood(!isUnderstood)} /> {texts.understood}
          </label>
        </p>
        <Problem text={problem} />
        <div className="dialog-actions">
          <button type="submit" className="button danger" disabled={isBusy || !isUnderstood}>
            {isBusy ? common.working : texts.confirm}
          </button>
        </div>
      </form>
    </details>
  );
}
