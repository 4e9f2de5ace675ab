import { X } from 'lucide-react';
import { useStrings } from '../../strings';
import type { Attachment } from './images';

/** The pictures that go with the next message. */
export function Attachments({ attachments, onRemove }: { attachments: readonly Attachment[]; onRemove: (id: string) => void }) {
  const texts = useStrings();
  if (attachments.length === 0) return null;
  return (
    <ul className="attachments">
      {attachments.map(({ id, name, part }) => (
        <li key={id}>
          <img src={`data:${part.mediaType};base64,${part.data}`} alt={name} />
          <button type="button" className="icon-button small" aria-label={texts.composer.remove(name)} title={texts.composer.remove(name)} onClick={() => onRemove(id)}>
            <X aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}
