import { Inbox } from 'lucide-react';
import { useStore } from '../../state/store';
import { useStrings } from '../../strings';
import { showTray } from './commands';
import { isQuiet } from './words';

/** The way to the tray, in the list's foot: there while something lies in it. */
export function TrayRow() {
  const texts = useStrings();
  const { failed, isAlarming, size } = useTray();
  if (size === 0) return null;
  return (
    <button type="button" className={isAlarming ? 'tray-row' : 'tray-row quiet'} onClick={showTray}>
      <Inbox aria-hidden />
      <span>{failed === 0 ? texts.tray.openDiscarded : texts.tray.open(failed)}</span>
      {failed > 0 && (
        <span className="badge" aria-hidden>
          {failed}
        </span>
      )}
    </button>
  );
}

/** The same in the header, where the list is not shown. */
export function TrayIcon() {
  const texts = useStrings();
  const { failed, size } = useTray();
  if (size === 0) return null;
  const label = failed === 0 ? texts.tray.openDiscarded : texts.tray.open(failed);
  return (
    <button type="button" className="icon-button tray-icon" aria-label={label} title={label} onClick={showTray}>
      <Inbox aria-hidden />
      {failed > 0 && (
        <span className="badge" aria-hidden>
          {failed > 99 ? '99+' : failed}
        </span>
      )}
    </button>
  );
}

function useTray(): { failed: number; isAlarming: boolean; size: number } {
  const tray = useStore((state) => state.tray);
  const failed = tray.filter((item) => item.state === 'failed');
  return { failed: failed.length, isAlarming: failed.some(({ reason }) => !isQuiet(reason)), size: tray.length };
}
