import { useId, useState } from 'react';
import { focusOnArrival } from './focusOnArrival';
import { useAccountTexts } from './texts';

/** A key, shown this once: it is in this part's memory and nowhere else. */
export function NewSecret({ secret, onDone }: { secret: string; onDone: () => void }) {
  const { keys: texts } = useAccountTexts();
  const [isCopied, setCopied] = useState(false);
  const id = useId();
  const copy = () => {
    navigator.clipboard.writeText(secret).then(
      () => setCopied(true),
      // It can be marked and copied by hand.
      () => undefined,
    );
  };
  return (
    <section className="account-question" aria-labelledby={`${id}-title`}>
      <p role="alert">{texts.shownOnce}</p>
      <div className="field">
        <label htmlFor={`${id}-secret`} id={`${id}-title`}>
          {texts.secret}
        </label>
        <input id={`${id}-secret`} className="account-secret" readOnly ref={focusOnArrival} value={secret} spellCheck={false} onFocus={(event) => event.target.select()} />
      </div>
      <div className="account-choices">
        <button type="button" className="button primary" onClick={copy}>
          {isCopied ? texts.copied : texts.copy}
        </button>
        <button type="button" className="button" onClick={onDone}>
          {texts.done}
        </button>
      </div>
      <p role="status" className="visually-hidden">
        {isCopied && texts.copied}
      </p>
    </section>
  );
}
