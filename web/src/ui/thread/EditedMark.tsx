import { useLanguage, useStrings } from '../../strings';

/** Says that a message is not as it was sent, and since when. */
export function EditedMark({ editedAt }: { editedAt: string | undefined }) {
  const texts = useStrings();
  const language = useLanguage();
  if (editedAt === undefined) return null;
  const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(editedAt));
  return (
    <span className="edited-mark" title={texts.thread.editedAt(time)}>
      {texts.thread.edited}
    </span>
  );
}
