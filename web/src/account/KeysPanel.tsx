import { useState } from 'react';
import { useLanguage } from '../strings';
import { accountApi, listKeys, loadAccount, scopesOf } from './accountApi';
import type { KeyResource } from './apiTypes';
import { Problem } from './Field';
import { focusOnArrival } from './focusOnArrival';
import { NewKeyForm } from './NewKeyForm';
import { NewSecret } from './NewSecret';
import { type AccountTexts, useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';
import { useLoaded } from './useLoaded';
import { isOver, when } from './when';

/** Keys for programs: made, listed, revoked. The key itself is shown once. */
export function KeysPanel() {
  const { keys: texts } = useAccountTexts();
  const { value: keys, problem, reload } = useLoaded(listKeys);
  const { value: account } = useLoaded(loadAccount);
  const [secret, setSecret] = useState<string | null>(null);
  const taken = (made: string) => {
    setSecret(made);
    reload();
  };
  return (
    <>
      <p className="hint">{texts.explanation}</p>
      {secret === null ? <NewKeyForm offered={scopesOf(account)} onMade={taken} /> : <NewSecret secret={secret} onDone={() => setSecret(null)} />}
      <h3>{texts.list}</h3>
      <Problem text={problem} />
      {keys?.length === 0 && <p>{texts.none}</p>}
      <ul className="account-list">{keys?.map((key) => <KeyRow key={key.id} apiKey={key} onRevoked={reload} />)}</ul>
    </>
  );
}

function KeyRow({ apiKey, onRevoked }: { apiKey: KeyResource; onRevoked: () => void }) {
  const { keys: texts } = useAccountTexts();
  const language = useLanguage();
  const [isAsking, setAsking] = useState(false);
  const { isBusy, problem, run } = useAttempt();
  const ended = endOf(apiKey, texts);
  const revoke = () =>
    void run(async () => {
      await accountApi.send('DELETE', `/keys/${encodeURIComponent(apiKey.id)}`);
      setAsking(false);
      onRevoked();
    });
  const use = apiKey.lastUsedAt ? texts.lastUsed(when(apiKey.lastUsedAt, language)) : texts.neverUsed;
  const end = apiKey.expiresAt && ended === null ? `, ${texts.endsOn(when(apiKey.expiresAt, language))}` : '';
  return (
    <li>
      <div>
        <p>
          <bdi>{apiKey.name}</bdi> {ended !== null && <span className="account-mark">{ended}</span>}
        </p>
        <p className="hint">
          {apiKey.scopes.map((scope) => texts.scope[scope] ?? scope).join(', ')}; {use}
          {end}
        </p>
        {isAsking && (
          <div role="group" aria-label={texts.revokeLabel(apiKey.name)} className="account-question">
            <p role="alert">{texts.revokeQuestion(apiKey.name)}</p>
            <div className="account-choices">
              <button type="button" className="button danger" disabled={isBusy} onClick={revoke}>
                {texts.revoke}
              </button>
              <button type="button" className="button" ref={focusOnArrival} onClick={() => setAsking(false)}>
                {texts.keep}
              </button>
            </div>
          </div>
        )}
        <Problem text={problem} />
      </div>
      {ended === null && !isAsking && (
        <button type="button" className="button" aria-label={texts.revokeLabel(apiKey.name)} onClick={() => setAsking(true)}>
          {texts.revoke}
        </button>
      )}
    </li>
  );
}

/** Why a key counts no more, or `null`. */
function endOf({ revokedAt, expiresAt }: KeyResource, texts: AccountTexts['keys']): string | null {
  if (revokedAt) return texts.revoked;
  return isOver(expiresAt) ? texts.expired : null;
}
