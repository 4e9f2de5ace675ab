import { useEffect } from 'react';
import { announce } from '../../state/actions';
import type { OutboxItem } from '../../state/outbox';
import { useStore } from '../../state/store';
import { strings } from '../../strings';
import { depthOf } from '../banners/AwayBanner';
import { failureText, isQuiet } from './words';

/** Says to those who listen what others see: that a message was not saved, and that everything is after a wait. The marks themselves are silent. */
export function OutboxAnnouncer() {
  useEffect(() => {
    let { queue, tray } = useStore.getState();
    let hadWait = false;
    return useStore.subscribe((state) => {
      const before = { queue, tray };
      ({ queue, tray } = state);
      if (tray !== before.tray) announceRefused(tray, before.tray);
      if (queue === before.queue || queue === null) return;
      if (queue.waiting > 0) hadWait = true;
      if (!hadWait || depthOf(queue) > 0) return;
      hadWait = false;
      if (queue.failed === 0) announce(useStore, strings().saves.allSaved);
    });
  }, []);
  return null;
}

function announceRefused(tray: readonly OutboxItem[], before: readonly OutboxItem[]): void {
  const known = new Set(before.filter((item) => item.state === 'failed').map((item) => item.messageId));
  const refused = tray.filter((item) => item.state === 'failed' && !known.has(item.messageId) && !isQuiet(item.reason));
  const first = refused[0];
  if (first === undefined) return;
  announce(useStore, refused.length === 1 ? failureText(first.reason, strings()) : strings().tray.open(refused.length));
}
