import { useState } from 'react';
import { useLanguage } from '../strings';
import { accountApi, listSessions } from './accountApi';
import type { SessionResource } from './apiTypes';
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
  const end = ({ id }: SessionResource) =>
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

function SessionRow({ session, isBusy, onEnd }: { session: SessionResource; isBusy: boolean; onEnd: () => void }) {
  const { account: texts } = useAccountTexts();
  const language = useLanguage();
  const label = session.label ? shortLabel(session.label) : texts.unknownDevice;
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

/** What browsers and systems call themselves, and what people call them. The first that fits counts: most browsers name others as well. */
const BROWSERS = { Edg: 'Edge', OPR: 'Opera', Firefox: 'Firefox', Chrome: 'Chrome', Safari: 'Safari' };
const SYSTEMS = { Windows: 'Windows', iPhone: 'iPhone', iPad: 'iPad', Android: 'Android', Macintosh: 'macOS', Linux: 'Linux' };

/** A browser's name for itself, cut to what people call it. */
function shortLabel(label: string): string {
  const named = (names: Record<string, string>, end: string) => Object.entries(names).find(([name]) => label.includes(name + end))?.[1];
  const known = [named(BROWSERS, '/'), named(SYSTEMS, '')].filter((name) => name !== undefined);
  return known.length > 0 ? known.join(', ') : label.slice(0, 60);
}
