import { Pencil } from 'lucide-react';
import { useStrings } from '../../strings';

interface Properties {
  /** In the order in which they are sent. */
  words: readonly string[];
  /** What they wait for, as a sentence. */
  why: string;
  /** Takes the last of them back into the message box. */
  onTakeBack: () => void;
}

/** Messages on which Enter was pressed and that cannot be sent yet. */
export function WaitingWords({ words, why, onTakeBack }: Properties) {
  const texts = useStrings();
  return (
    <div className="waiting-words">
      <ul>
        {words.map((text, index) => (
          <li key={index} dir="auto">
            {text}
          </li>
        ))}
      </ul>
      <p className="composer-note quiet" role="status">
        {why}
      </p>
      <button type="button" className="icon-button small" aria-label={texts.composer.takeBack} title={texts.composer.takeBack} onClick={onTakeBack}>
        <Pencil aria-hidden />
      </button>
    </div>
  );
}
