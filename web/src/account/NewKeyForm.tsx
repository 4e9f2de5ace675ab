import { type FormEvent, useState } from 'react';
import { createKey } from './accountApi';
import type { ScopeName } from './apiTypes';
import { EndSelect, endAfter } from './EndSelect';
import { Field, Problem } from './Field';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

/** Makes a key that may do what is chosen of what is offered, and no more. */
export function NewKeyForm({ offered, onMade }: { offered: readonly ScopeName[]; onMade: (secret: string) => void }) {
  const { keys: texts, ...common } = useAccountTexts();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly ScopeName[]>(['read']);
  const [days, setDays] = useState(0);
  const { isBusy, problem, setProblem, run } = useAttempt();
  const toggle = (scope: ScopeName) => setScopes(scopes.includes(scope) ? scopes.filter((other) => other !== scope) : offered.filter((other) => other === scope || scopes.includes(other)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (scopes.length === 0) return setProblem(texts.needsScope);
    void run(async () => {
      const { secret } = await createKey({ name, scopes: [...scopes], ...endAfter(days) });
      onMade(secret);
    });
  };
  return (
    <form onSubmit={submit}>
      <h3>{texts.newTitle}</h3>
      <Field label={texts.name} name="key-name" autoComplete="off" required maxLength={80} value={name} onChange={setName} />
      <fieldset className="account-scopes">
        <legend>{texts.scopes}</legend>
        {offered.map((scope) => (
          <label key={scope}>
            <input type="checkbox" checked={scopes.includes(scope)} onChange={() => toggle(scope)} /> {texts.scope[scope]}
          </label>
        ))}
      </fieldset>
      <EndSelect label={texts.expires} never={texts.never} inDays={texts.days} days={days} onChange={setDays} />
      <Problem text={problem} />
      <div className="dialog-actions">
        <button type="submit" className="button primary" disabled={isBusy}>
          {isBusy ? common.working : texts.create}
        </button>
      </div>
    </form>
  );
}
