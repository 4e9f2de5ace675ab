import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { Markdown } from '../../markdown/Markdown';
import { useLanguage, useStrings } from '../../strings';

/** The model's reasoning, folded, with how long it took. */
export function Reasoning({ text, durationMs, thinking }: { text: string; durationMs: number | null; thinking: boolean }) {
  const texts = useStrings();
  const language = useLanguage();
  const [open, setOpen] = useState(false);
  const label = thinking ? texts.thread.reasoningNow : durationMs === null ? texts.thread.reasoning : texts.thread.reasoningFor(duration(durationMs, language));
  return (
    <div className="reasoning">
      <button type="button" className="reasoning-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
        <ChevronRight aria-hidden />
        <span className={thinking ? 'shimmer' : undefined}>{label}</span>
      </button>
      {open && (
        <div className="reasoning-text">
          <Markdown text={text} growing={thinking} />
        </div>
      )}
    </div>
  );
}

function duration(milliseconds: number, language: string): string {
  const unit = (value: number, name: string) => new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: milliseconds < 10_000 ? 1 : 0 }).format(value);
  if (milliseconds < 60_000) return unit(milliseconds / 1000, 'second');
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = Math.round((milliseconds % 60_000) / 1000);
  return seconds === 0 ? unit(minutes, 'minute') : `${unit(minutes, 'minute')} ${unit(seconds, 'second')}`;
}
