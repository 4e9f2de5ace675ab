import { X } from 'lucide-react';
import { changeUi } from '../../state/ui';
import { useAllStrings } from '../../strings/seldom';

/** A newer page is on this device. It is for the person to say when it begins. */
export function UpdateBanner() {
  const texts = useAllStrings();
  return (
    <div className="banner update">
      <p role="status">{texts.update.ready}</p>
      <button type="button" className="text-button" onClick={() => location.reload()}>
        {texts.update.reload}
      </button>
      <button type="button" className="icon-button small" aria-label={texts.warnings.dismiss} title={texts.warnings.dismiss} onClick={() => changeUi({ updateReady: false })}>
        <X aria-hidden />
      </button>
    </div>
  );
}
