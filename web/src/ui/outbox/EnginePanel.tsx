import { useState } from 'react';
import { useCountdown } from '../../hooks/useCountdown';
import { useOutboxItems } from '../../hooks/useOutboxItems';
import { type OutboxItem, outboxActions } from '../../state/outbox';
import { useStore } from '../../state/store';
import { useLanguage } from '../../strings';
import { type AllStrings, useAllStrings } from '../../strings/seldom';
import { depthOf } from '../banners/AwayBanner';
import { titleOf } from '../commands';
import { itemKind, itemText } from './content';
import { HistoryList } from './HistoryList';
import { usePlace } from './usePlace';
import { saveSentence } from './words';

/** How many items are shown at first, and with each "more". */
const PAGE = 50;

/** What the engine knows of itself, and every item that is not saved with its history. */
export function EnginePanel() {
  const texts = useAllStrings();
  const items = useOutboxItems();
  const [shown, setShown] = useState(PAGE);
  const hidden = items.length - shown;
  return (
    <>
      <p className="hint">{texts.engine.explanation}</p>
      <Metrics />
      <h3>{texts.engine.items}</h3>
      {items.length === 0 && <p className="hint">{texts.engine.noItems}</p>}
      <ul className="engine-items">
        {items.slice(0, shown).map((item) => (
          <EngineItem key={item.messageId} item={item} />
        ))}
      </ul>
      {hidden > 0 && (
        <button type="button" className="text-button load-more" onClick={() => setShown(shown + PAGE)}>
          {texts.engine.more(Math.min(PAGE, hidden))}
        </button>
      )}
    </>
  );
}

function Metrics() {
  const texts = useAllStrings();
  const language = useLanguage();
  const queue = useStore((state) => state.queue);
  // Ages go on while nothing else changes: the clock draws again.
  useCountdown(queue === null ? null : (queue.oldestQueuedAt ?? queue.nextTryAt));
  const nextTry = useCountdown(queue?.nextTryAt ?? null);
  const metrics = outboxActions().metrics();
  if (queue === null || metrics === null) return <p className="hint">{texts.engine.notReady}</p>;
  const number = (value: number) => new Intl.NumberFormat(language).format(value);
  const rows: [string, string][] = [
    [texts.engine.pending, number(depthOf(queue))],
    [texts.engine.failed, number(queue.failed)],
    [texts.engine.successfulSyncs, number(metrics.successfulSyncs)],
    [texts.engine.failedSyncs, number(metrics.failedSyncs)],
    [texts.engine.retries, number(metrics.retryAttempts)],
    [texts.engine.oldest, metrics.oldestAgeMs === null ? texts.engine.none : ageText(metrics.oldestAgeMs, language)],
    [texts.engine.breaker, queue.isPausedForSignIn ? texts.engine.signIn : (texts.engine.breakers[queue.breaker] ?? queue.breaker)],
    [texts.engine.nextTry, nextTry === null ? texts.engine.none : texts.saves.inSeconds(nextTry)],
    [texts.engine.sender, queue.isSender ? texts.engine.isSender : texts.engine.isNotSender],
    [texts.engine.storage, queue.isStorageRefusing ? texts.engine.storageRefusing : queue.storage === 'durable' ? texts.engine.storageDurable : texts.engine.storageMemory],
  ];
  return (
    <dl className="metrics">
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function EngineItem({ item }: { item: OutboxItem }) {
  const texts = useAllStrings();
  const place = usePlace();
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span className="engine-text" dir="auto">
            {itemText(item) || itemKind(item, texts)}
          </span>
          <span className="engine-state" data-state={item.state}>
            {stateText(item, texts)}
          </span>
        </summary>
        {open && (
          <div className="engine-history">
            <p className="hint">
              {titleOf(item.conversationId)} · {item.state === 'saved' ? texts.item.saved : saveSentence({ state: item.state, reason: item.reason }, place, texts)}
            </p>
            <HistoryList entries={outboxActions().history(item.messageId)} />
          </div>
        )}
      </details>
    </li>
  );
}

function stateText({ state }: OutboxItem, texts: AllStrings): string {
  return texts.engine.states[state] ?? state;
}

/** An age in its largest fitting unit. */
export function ageText(milliseconds: number, language: string): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1_000));
  const [value, unit] = seconds < 90 ? [seconds, 'second'] : seconds < 90 * 60 ? [Math.round(seconds / 60), 'minute'] : seconds < 36 * 3_600 ? [Math.round(seconds / 3_600), 'hour'] : [Math.round(seconds / 86_400), 'day'];
  return new Intl.NumberFormat(language, { style: 'unit', unit: unit as string, unitDisplay: 'long' }).format(value as number);
}
