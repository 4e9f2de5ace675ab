import { Api } from '@manent/client';
import { useState } from 'react';
import type { AddressRequest } from './apiTypes';
import { Problem } from './Field';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';

const open = new Api();

/** Asks for another link that verifies an address. The answer is the same for every address. */
export function ResendPart({ email }: { email: string }) {
  const { verify: texts, ...common } = useAccountTexts();
  const [isSent, setSent] = useState(false);
  const { isBusy, problem, run } = useAttempt();
  const send = () =>
    void run(async () => {
      await open.send('POST', '/auth/verify/resend', { email } satisfies AddressRequest);
      setSent(true);
    });
  return (
    <>
      <div role="status">{isSent && <p className="account-notice">{texts.sent}</p>}</div>
      <Problem text={problem} />
      {!isSent && (
        <button type="button" className="text-button" disabled={isBusy} onClick={send}>
          {isBusy ? common.working : texts.resend}
        </button>
      )}
    </>
  );
}
