import type { Api } from '@manent/client';
import { useEffect } from 'react';
import type { VerifyRequest } from './apiTypes';
import { Problem } from './Field';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

interface Properties {
  api: Api;
  /** From the link that the person opened. */
  token: string | null;
  onSignIn: (notice: string | null) => void;
}

/** Verifies an address with a link, at once. */
export function VerifyNotice({ api, token, onSignIn }: Properties) {
  const { verify: texts, ...common } = useAccountTexts();
  const { isBusy, problem, run } = useAttempt({ link_invalid: texts.used });
  useEffect(() => {
    if (token === null) return;
    void run(async () => {
      await api.send('POST', '/auth/verify', { token } satisfies VerifyRequest);
      onSignIn(texts.done);
    });
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the link counts once
  }, []);
  return (
    <>
      <p role="status">{isBusy ? common.working : token === null ? texts.noToken : ''}</p>
      <Problem text={problem} />
      <p className="account-ways">
        <button type="button" className="text-button" onClick={() => onSignIn(null)}>
          {common.signIn.title}
        </button>
      </p>
    </>
  );
}
