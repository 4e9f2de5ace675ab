import { type FormEvent, useId, useState } from 'react';
import { createKey, SCOPES, type Scope } from './accountApi';
import { Field, Problem } from './Field';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** After how many days a key may end; 0 is never. */
const LIVES_DAYS = [0, 30, 90, 365];

/** Makes a key that may do what is chosen, and no more. */
export function NewKeyForm({ onMade }: { onMade: (secret: string) => void }) {
  const { keys: texts, ...common } = useAccountTexts();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly Scope[]>(['read']);
  const [days, setDays] = useState(0);
  const { isBusy, problem, setProblem, run } = useAttempt();
  const lifeId = useId();
  const toggle = (scope: Scope) => setScopes(scopes.includes(scope) ? scopes.filter((other) => other !== scope) : SCOPES.filter((other) => other === scope || scopes.includes(other)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (scopes.length === 0) return setProblem(texts.needsScope);
    void run(async () => {
      const end = days === 0 ? {} : { expiresAt: new Date(Date.now() + days * DAY_MS).toISOString() };
      const { secret } = await createKey({ name, scopes: [...scopes], ...end });
      onMade(secret);
    });
  };
  return (
    <form onSubmit={submit}>
      <h3>{texts.newTitle}</h3>
      <Field label={texts.name} name="key-name" autoComplete="off" required maxLength={80} value={name} onChange={setName} />
      <fieldset className="account-scopes">
        <legend>{texts.scopes}</legend>
        {SCOPES.map((scope) => (
          <label key={scope}>
            <input type="checkbox" checked={scopes.includes(scope)} onChange={() => toggle(scope)} /> {texts.scope[scope]}
          </label>
        ))}
      </fieldset>
      <div className="field">
        <label htmlFor={lifeId}>{texts.expires}</label>
        <select id={lifeId} value={days} onChange={(event) => setDays(Number(event.target.value))}>
          {LIVES_DAYS.map((life) => (
            <option key={life} value={life}>
              {life === 0 ? texts.never : texts.days(life)}
            </option>
          ))}
        </select>
      </div>
      <Problem text={problem} />
      <div className="dialog-actions">
        <button type="submit" className="button primary" disabled={isBusy}>
          {isBusy ? common.working : texts.create}
        </button>
      </div>
    </form>
  );
}
