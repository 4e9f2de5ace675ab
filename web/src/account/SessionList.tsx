import { useState } from 'react';
import { useLanguage } from '../strings';
import { accountApi, listSessions, type Session } from './accountApi';
import { Problem } from './Field';
import { useAccountTexts } from './texts';
import { useAttempt } from './useAttempt';
import { useLoaded } from './useLoaded';
import { when } from './when';

/** Where one is signed in, and how to end that elsewhere. */
export function SessionList() {
  const { account: texts } = useAccountTexts();
  const { value: sessions, problem, reload } = useLoaded(listSessions);
  const ending = useAttempt();
  const [hasEnded, setEnded] = useState(false);
  const end = ({ id }: Session) =>
    void ending.run(async () => {
      setEnded(false);
      await accountApi.send('DELETE', `/account/sessions/${encodeURIComponent(id)}`);
      setEnded(true);
      reload();
    });
  return (
    <section>
      <h3>{texts.sessionsTitle}</h3>
      <Problem text={problem ?? ending.problem} />
      <ul className="account-list">
        {sessions?.map((session) => (
          <SessionRow key={session.id} session={session} isBusy={ending.isBusy} onEnd={() => end(session)} />
        ))}
      </ul>
      <p role="status" className="visually-hidden">
        {hasEnded && texts.ended}
      </p>
    </section>
  );
}

function SessionRow({ session, isBusy, onEnd }: { session: Session; isBusy: boolean; onEnd: () => void }) {
  const { account: texts } = useAccountTexts();
  const language = useLanguage();
  const label = session.label === null ? texts.unknownDevice : shortLabel(session.label);
  return (
    <li>
      <div>
        <p title={session.label ?? undefined}>
          {label} {session.current && <span className="account-mark">{texts.thisSession}</span>}
        </p>
        <p className="hint">
          {texts.signedInOn(when(session.createdAt, language))}, {texts.lastUsed(when(session.lastUsedAt, language))}
        </p>
      </div>
      {!session.current && (
        <button type="button" className="button" aria-label={texts.endLabel(label)} disabled={isBusy} onClick={onEnd}>
          {texts.end}
        </button>
      )}
    </li>
  );
}

/** A browser's name for itself, cut to what people call it. */
function shortLabel(label: string): string {
  const browser = /\b(Firefox|Edg|OPR|Chrome|Safari)\/[\d.]+/.exec(label)?.[1];
  const system = /\b(Windows|Macintosh|Android|iPhone|iPad|Linux)\b/.exec(label)?.[1];
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', Macintosh: 'macOS' };
  const known = [browser, system].filter((name) => name !== undefined).map((name) => names[name] ?? name);
  return known.length > 0 ? known.join(', ') : label.slice(0, 60);
}
