import type { Account, SessionKeeper } from '@manent/client/session';
import { type FormEvent, useEffect, useState } from 'react';
import { accountApi, loadAccount } from './accountApi';
import type { AccountResource, ChangePasswordRequest, UpdateAccountRequest } from './apiTypes';
import { DeletePart } from './DeletePart';
import { sessionKeeper } from './entrance';
import { Field, Problem } from './Field';
import { takesPasswords } from './options';
import { pageBelongsTo } from './owner';
import { ProviderKeysPart } from './ProviderKeysPart';
import { SessionList } from './SessionList';
import { SignOutPart } from './SignOutPart';
import { useAccountTexts } from './texts';
import { TwoFactorPart } from './TwoFactorPart';
import { useAttempt } from './useAttempt';
import { useLoaded } from './useLoaded';

const loadOptions = async () => (await sessionKeeper()).options();

/** One's own account: name, password, where one is signed in, and the way out. */
export function AccountPanel() {
  const { account: texts } = useAccountTexts();
  const { value: account, problem, reload } = useLoaded(loadAccount);
  const { value: options } = useLoaded(loadOptions);
  const [keeper, setKeeper] = useState<SessionKeeper | null>(null);
  useEffect(() => {
    sessionKeeper().then(setKeeper, () => undefined);
  }, []);
  return (
    <>
      <Problem text={problem} />
      {account && (
        <p>
          {texts.signedInAs} <strong>{account.name}</strong> ({account.email}). {account.role === 'ADMIN' && texts.admin}
        </p>
      )}
      {account && <NamePart key={account.name} account={account} onSaved={reload} />}
      {account && options && takesPasswords(options) && <PasswordPart email={account.email} minLength={options.minPasswordLength} />}
      {account && <TwoFactorPart />}
      <ProviderKeysPart />
      <SessionList />
      {keeper && <SignOutPart keeper={keeper} />}
      {account && <DeletePart account={account} hasPassword={options !== null && takesPasswords(options)} />}
    </>
  );
}

function NamePart({ account, onSaved }: { account: Account; onSaved: () => void }) {
  const { account: texts, ...common } = useAccountTexts();
  const [name, setName] = useState(account.name);
  const { isBusy, problem, run } = useAttempt();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      pageBelongsTo(await accountApi.json<AccountResource>('PATCH', '/account', { name } satisfies UpdateAccountRequest));
      onSaved();
    });
  };
  return (
    <details className="account-part">
      <summary>{texts.nameLabel}</summary>
      <form onSubmit={submit}>
        <Field label={common.name} name="name" autoComplete="name" required maxLength={80} value={name} onChange={setName} />
        <Problem text={problem} />
        <div className="dialog-actions">
          <button type="submit" className="button primary" disabled={isBusy || name === account.name}>
            {isBusy ? common.working : texts.saveName}
          </button>
        </div>
      </form>
    </details>
  );
}

function PasswordPart({ email, minLength }: { email: string; minLength: number }) {
  const { account: texts, ...common } = useAccountTexts();
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const [isDone, setDone] = useState(false);
  const { isBusy, problem, run } = useAttempt();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setDone(false);
    void run(async () => {
      await accountApi.send('POST', '/account/password', { old, new: fresh } satisfies ChangePasswordRequest);
      setOld('');
      setFresh('');
      setDone(true);
    });
  };
  return (
    <details className="account-part">
      <summary>{texts.passwordTitle}</summary>
      <form onSubmit={submit}>
        <input type="email" name="email" autoComplete="username" value={email} readOnly hidden />
        <Field label={texts.oldPassword} type="password" name="old-password" autoComplete="current-password" required maxLength={128} value={old} onChange={setOld} />
        <Field
          label={common.newPassword}
          hint={common.passwordRule(minLength)}
          type="password"
          name="new-password"
          autoComplete="new-password"
          required
          minLength={minLength}
          maxLength={128}
          value={fresh}
          onChange={setFresh}
        />
        <Problem text={problem} />
        <div className="dialog-actions">
          <button type="submit" className="button primary" disabled={isBusy}>
            {isBusy ? common.working : texts.changePassword}
          </button>
        </div>
      </form>
      <p role="status">{isDone && texts.passwordChanged}</p>
    </details>
  );
}
