import { type FormEvent, useState } from 'react';
import { accountApi } from './accountApi';
import type { BackupCodes as MadeCodes, BegunTwoFactorResource, ConfirmTwoFactorRequest, TwoFactorResource } from './apiTypes';
import { Field, Problem } from './Field';
import { focusOnArrival } from './focusOnArrival';
import { proofOf } from './proof';
import { QrCode } from './QrCode';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';
import { useLoaded } from './useLoaded';

const loadState = () => accountApi.json<TwoFactorResource>('GET', '/account/two-factor');

/** A second step at sign-in: set up, confirmed, turned off. Keys and codes are shown once and kept nowhere. */
export function TwoFactorPart() {
  const { twoFactor: texts } = useAccountTexts();
  const { value: state, problem, reload } = useLoaded(loadState);
  const [begun, setBegun] = useState<BegunTwoFactorResource | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const confirmed = () => {
    setCodes(begun?.backupCodes ?? null);
    setBegun(null);
    reload();
  };
  return (
    <details className="account-part">
      <summary>{texts.title}</summary>
      <Problem text={problem} />
      <p role="status">{state && (state.enabled ? texts.isOn : texts.isOff)}</p>
      {codes !== null ? (
        <BackupCodes codes={codes} onDone={() => setCodes(null)} />
      ) : begun !== null ? (
        <Confirmation begun={begun} onConfirmed={confirmed} onCancel={() => setBegun(null)} />
      ) : (
        state && (state.enabled ? <Enabled state={state} onChanged={reload} onCodes={setCodes} /> : <Beginning onBegun={setBegun} />)
      )}
    </details>
  );
}

function Beginning({ onBegun }: { onBegun: (begun: BegunTwoFactorResource) => void }) {
  const { twoFactor: texts, ...common } = useAccountTexts();
  const { isBusy, problem, run } = useAttempt();
  const begin = () => void run(async () => onBegun(await accountApi.json<BegunTwoFactorResource>('POST', '/account/two-factor', {})));
  return (
    <>
      <p className="hint">{texts.off}</p>
      <Problem text={problem} />
      <div className="dialog-actions">
        <button type="button" className="button" disabled={isBusy} onClick={begin}>
          {isBusy ? common.working : texts.setUp}
        </button>
      </div>
    </>
  );
}

function Confirmation({ begun, onConfirmed, onCancel }: { begun: BegunTwoFactorResource; onConfirmed: () => void; onCancel: () => void }) {
  const { twoFactor: texts, ...common } = useAccountTexts();
  const [code, setCode] = useState('');
  const { isBusy, problem, run } = useAttempt();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await accountApi.send('POST', '/account/two-factor/confirm', { code: code.replace(/\s/g, '') } satisfies ConfirmTwoFactorRequest);
      onConfirmed();
    });
  };
  return (
    <form onSubmit={submit}>
      <p>{texts.scan}</p>
      <QrCode text={begun.otpauthUrl} label={texts.picture} />
      <div className="field">
        <label htmlFor="two-factor-key">{texts.key}</label>
        <input id="two-factor-key" className="account-secret" readOnly value={begun.secret} spellCheck={false} onFocus={(event) => event.target.select()} />
      </div>
      <p>
        <a href={begun.otpauthUrl}>{texts.link}</a>
      </p>
      <Field label={texts.code} inputMode="numeric" autoComplete="one-time-code" required isFirst maxLength={10} value={code} onChange={setCode} />
      <Problem text={problem} />
      <div className="dialog-actions">
        <button type="button" className="button quiet" onClick={onCancel}>
          {common.cancel}
        </button>
        <button type="submit" className="button primary" disabled={isBusy}>
          {isBusy ? common.working : texts.confirm}
        </button>
      </div>
    </form>
  );
}

function BackupCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const { twoFactor: texts } = useAccountTexts();
  return (
    <section className="account-question" aria-label={texts.backupTitle}>
      <p role="alert">{texts.backup}</p>
      <ul className="account-codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="account-choices">
        <button type="button" className="button primary" ref={focusOnArrival} onClick={onDone}>
          {texts.backupDone}
        </button>
      </div>
    </section>
  );
}

function Enabled({ state, onChanged, onCodes }: { state: TwoFactorResource; onChanged: () => void; onCodes: (codes: string[]) => void }) {
  const { twoFactor: texts, ...common } = useAccountTexts();
  const [code, setCode] = useState('');
  const { isBusy, problem, run } = useAttempt();
  const turnOff = () =>
    void run(async () => {
      await accountApi.send('DELETE', '/account/two-factor', proofOf(code));
      onChanged();
    });
  const renew = () =>
    void run(async () => {
      const { backupCodes } = await accountApi.json<MadeCodes>('POST', '/account/two-factor/backup-codes', proofOf(code));
      setCode('');
      onChanged();
      onCodes(backupCodes);
    });
  return (
    <form
      aria-label={texts.change}
      onSubmit={(event) => {
        event.preventDefault();
        renew();
      }}
    >
      <p className="hint">{texts.codesLeft(state.backupCodesLeft)}</p>
      <Field label={texts.turnOffCode} autoComplete="one-time-code" spellCheck={false} required maxLength={20} value={code} onChange={setCode} />
      <Problem text={problem} />
      <div className="dialog-actions">
        <button type="button" className="button danger" disabled={isBusy || code.trim() === ''} onClick={turnOff}>
          {isBusy ? common.working : texts.turnOff}
        </button>
        <button type="submit" className="button" disabled={isBusy || code.trim() === ''}>
          {texts.newCodes}
        </button>
      </div>
    </form>
  );
}
