import type { Account, SessionKeeper } from '@manent/client/session';
import { type FormEvent, useState } from 'react';
import { Field, Problem } from './Field';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

interface Properties {
  keeper: SessionKeeper;
  /** What the password led to. */
  token: string;
  onSignedIn: (account: Account) => void;
  onBack: () => void;
}

/** The second step: a code of the app, or one that was written down. */
export function SecondFactorForm({ keeper, token, onSignedIn, onBack }: Properties) {
  const { secondFactor: texts, ...common } = useAccountTexts();
  const [isBackup, setBackup] = useState(false);
  const [code, setCode] = useState('');
  const { isBusy, problem, setProblem, run } = useAttempt();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const given = code.replace(/\s/g, '');
    void run(async () => onSignedIn(await keeper.secondFactor(token, isBackup ? { backupCode: given.toLowerCase() } : { code: given })));
  };
  const change = () => {
    setBackup(!isBackup);
    setCode('');
    setProblem(null);
  };
  return (
    <form className="account-form" onSubmit={submit}>
      <p>{isBackup ? texts.backupExplanation : texts.explanation}</p>
      <Field
        key={String(isBackup)}
        label={isBackup ? texts.backupCode : texts.code}
        inputMode={isBackup ? 'text' : 'numeric'}
        autoComplete={isBackup ? 'off' : 'one-time-code'}
        spellCheck={false}
        maxLength={20}
        required
        isFirst
        value={code}
        onChange={setCode}
      />
      <Problem text={problem} />
      <button type="submit" className="button primary wide" disabled={isBusy}>
        {isBusy ? common.working : texts.action}
      </button>
      <p className="account-ways">
        <button type="button" className="text-button" onClick={onBack}>
          {common.back}
        </button>
        <button type="button" className="text-button" onClick={change}>
          {isBackup ? texts.useCode : texts.useBackup}
        </button>
      </p>
    </form>
  );
}
