import { useId } from 'react';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** After how many days a key may end; 0 is never. */
const LIVES_DAYS = [0, 30, 90, 365];

interface Properties {
  label: string;
  never: string;
  inDays: (days: number) => string;
  days: number;
  onChange: (days: number) => void;
}

/** When a key ends. */
export function EndSelect({ label, never, inDays, days, onChange }: Properties) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={days} onChange={(event) => onChange(Number(event.target.value))}>
        {LIVES_DAYS.map((life) => (
          <option key={life} value={life}>
            {life === 0 ? never : inDays(life)}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The end that was chosen, as the server takes it. */
export function endAfter(days: number): { expiresAt?: string } {
  return days === 0 ? {} : { expiresAt: new Date(Date.now() + days * DAY_MS).toISOString() };
}
