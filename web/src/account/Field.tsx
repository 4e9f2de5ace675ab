import { Eye, EyeOff } from 'lucide-react';
import { type InputHTMLAttributes, useId, useState } from 'react';
import { focusOnArrival } from './focusOnArrival';
import { useAccountTexts } from './texts';

interface Properties extends Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> {
  label: string;
  hint?: string;
  value: string;
  onChange: (value: string) => void;
  /** Where a person begins to write when this comes. */
  isFirst?: boolean;
}

/** A labelled line to write in. A password can be looked at. */
export function Field({ label, hint, onChange, type = 'text', isFirst = false, ...input }: Properties) {
  const texts = useAccountTexts();
  const id = useId();
  const [isShown, setShown] = useState(false);
  const isPassword = type === 'password';
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="field-line">
        <input
          {...input}
          ref={isFirst ? focusOnArrival : undefined}
          id={id}
          type={isPassword && isShown ? 'text' : type}
          aria-describedby={hint ? `${id}-hint` : undefined}
          onChange={(event) => onChange(event.target.value)}
        />
        {isPassword && (
          <button type="button" className="icon-button small" aria-label={texts.showPassword} title={texts.showPassword} aria-pressed={isShown} onClick={() => setShown(!isShown)}>
            {isShown ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
          </button>
        )}
      </div>
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** What went wrong, told at once to those who do not see it. */
export function Problem({ text }: { text: string | null }) {
  return (
    <div role="alert" className="problem">
      {text !== null && <p>{text}</p>}
    </div>
  );
}
