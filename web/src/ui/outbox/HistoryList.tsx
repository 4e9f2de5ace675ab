import type { HistoryEntry } from '../../state/outbox';
import { useLanguage } from '../../strings';
import { useAllStrings } from '../../strings/seldom';
import { stepText } from './steps';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** What happened to a message on its way to the server, in order. */
export function HistoryList({ entries }: { entries: readonly HistoryEntry[] }) {
  const texts = useAllStrings();
  const language = useLanguage();
  if (entries.length === 0) return <p className="hint">{texts.item.noHistory}</p>;
  return (
    <ol className="history">
      {entries.map((entry, index) => {
        const { step, detail } = stepText(entry, texts);
        return (
          <li key={index} data-step={entry.step}>
            <time dateTime={new Date(entry.at).toISOString()}>{timeText(entry.at, language)}</time>
            <span>
              {step}
              {detail !== null && <span className="detail-text">: {detail}</span>}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** Today's times by the clock, older ones with their day. */
function timeText(at: number, language: string): string {
  const isRecent = Date.now() - at < DAY_MS;
  return new Intl.DateTimeFormat(language, isRecent ? { timeStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
}
