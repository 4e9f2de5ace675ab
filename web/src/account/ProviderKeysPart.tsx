import { type FormEvent, useState } from 'react';
import { useLanguage } from '../strings';
import { deleteProviderKey, listProviderKeys, storeProviderKey } from './accountApi';
import type { ProviderKeyResource } from './apiTypes';
import { EndSelect, endAfter } from './EndSelect';
import { Field, Problem } from './Field';
import { type AccountTexts, useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';
import { useLoaded } from './useLoaded';
import { isOver, when } from './when';

/** The person's own keys for the providers that want one; where no provider does, nothing. Open where something is missing. */
export function ProviderKeysPart() {
  const { value: keys, problem, reload } = useLoaded(listProviderKeys);
  return (
    <>
      <Problem text={problem} />
      {keys !== null && keys.length > 0 && <ProviderKeys keys={keys} onChanged={reload} />}
    </>
  );
}

function ProviderKeys({ keys, onChanged }: { keys: ProviderKeyResource[]; onChanged: () => void }) {
  const { providerKeys: texts } = useAccountTexts();
  const [beginsOpen] = useState(() => keys.some(isNeeded));
  return (
    <details className="account-part" open={beginsOpen}>
      <summary>{texts.title}</summary>
      <p className="hint">{texts.explanation}</p>
      {keys.map((key) => (
        <ProviderKey key={key.endpoint} providerKey={key} onChanged={onChanged} />
      ))}
    </details>
  );
}

/** Whether the provider cannot be asked as things stand. */
const isNeeded = ({ hasKey, expiresAt }: ProviderKeyResource) => !hasKey || isOver(expiresAt);

function ProviderKey({ providerKey, onChanged }: { providerKey: ProviderKeyResource; onChanged: () => void }) {
  const { endpoint: provider, takesBaseURL, hasKey } = providerKey;
  const { providerKeys: texts, ...common } = useAccountTexts();
  const language = useLanguage();
  const [apiKey, setApiKey] = useState('');
  const [baseURL, setBaseURL] = useState('');
  const [days, setDays] = useState(0);
  const [done, setDone] = useState<string | null>(null);
  const { isBusy, problem, run } = useAttempt();
  const change = (work: () => Promise<unknown>, said: string) => {
    setDone(null);
    void run(async () => {
      await work();
      setApiKey('');
      setDone(said);
      onChanged();
    });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change(() => storeProviderKey(provider, { apiKey: apiKey.trim(), ...(takesBaseURL ? { baseURL: baseURL.trim() } : {}), ...endAfter(days) }), texts.stored);
  };
  return (
    <form aria-label={texts.key(provider)} onSubmit={submit}>
      <h3>
        <bdi>{provider}</bdi> <span className="account-mark">{standing(providerKey, texts, language)}</span>
      </h3>
      {takesBaseURL && <Field label={texts.address(provider)} hint={texts.addressHint} type="url" name="base-url" autoComplete="off" required maxLength={2048} value={baseURL} onChange={setBaseURL} />}
      <Field label={texts.key(provider)} type="password" name="provider-key" autoComplete="off" required value={apiKey} onChange={setApiKey} />
      <EndSelect label={texts.ends} never={texts.never} inDays={texts.days} days={days} onChange={setDays} />
      <Problem text={problem} />
      <div className="dialog-actions">
        {hasKey && (
          <button type="button" className="button" aria-label={texts.removeLabel(provider)} disabled={isBusy} onClick={() => change(() => deleteProviderKey(provider), texts.removed)}>
            {texts.remove}
          </button>
        )}
        <button type="submit" className="button primary" disabled={isBusy}>
          {isBusy ? common.working : hasKey ? texts.replace : texts.store}
        </button>
      </div>
      <p role="status">{done}</p>
    </form>
  );
}

function standing({ hasKey, expiresAt }: ProviderKeyResource, texts: AccountTexts['providerKeys'], language: string): string {
  if (!hasKey) return texts.missing;
  if (isOver(expiresAt)) return texts.ended;
  return expiresAt ? texts.endsOn(when(expiresAt, language)) : texts.there;
}
