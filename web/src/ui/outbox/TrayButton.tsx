import { Inbox } from 'lucide-react';
import { useStore } from '../../state/store';
import { useStrings } from '../../strings';
import { showTray } from './commands';
import { isQuiet } from './words';

/** The way to the tray, in the list's foot: there while something lies in it. */
export function TrayRow() {
  const { failed, isAlarming, size, label } = useTray();
  if (size === 0) return null;
  return (
    <button type="button" className={isAlarming ? 'tray-row' : 'tray-row quiet'} onClick={showTray}>
      <Inbox aria-hidden />
      <span>{label}</span>
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
  const { failed, isAlarming, size, label } = useTray();
  if (size === 0) return null;
  return (
    <button type="button" className={isAlarming ? 'icon-button tray-icon' : 'icon-button tray-icon quiet'} aria-label={label} title={label} onClick={showTray}>
      <Inbox aria-hidden />
      {failed > 0 && (
        <span className="badge" aria-hidden>
          {failed > 99 ? '99+' : failed}
        </span>
      )}
    </button>
  );
}

function useTray(): { failed: number; isAlarming: boolean; size: number; label: string } {
  const { tray: texts } = useStrings();
  const tray = useStore((state) => state.tray);
  const failed = tray.filter((item) => item.state === 'failed');
  const count = failed.length;
  const label = failed.every(({ reason }) => reason?.code === 'withdrawn') ? texts.takenBack(count) : texts.open(count);
  return { failed: count, isAlarming: failed.some(({ reason }) => !isQuiet(reason)), size: tray.length, label: count === 0 ? texts.openDiscarded : label };
}
