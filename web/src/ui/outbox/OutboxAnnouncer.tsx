import { useEffect } from 'react';
import { announce } from '../../state/actions';
import { type State, useStore } from '../../state/store';
import { strings } from '../../strings';
import { depthOf } from '../banners/AwayBanner';
import { failureText } from './words';

/** Says to those who listen what others see: that a message was not saved, and that everything is after a wait. The marks themselves are silent. */
export function OutboxAnnouncer() {
  useEffect(() => {
    let hadWait = false;
    return useStore.subscribe((state, before) => {
      if (state.tray !== before.tray) announceRefused(state, before);
      if (state.queue === before.queue || state.queue === null) return;
      if (state.queue.waiting > 0) hadWait = true;
      if (!hadWait || depthOf(state.queue) > 0) return;
      hadWait = false;
      if (state.queue.failed === 0) announce(useStore, strings().saves.allSaved);
    });
  }, []);
  return null;
}

function announceRefused(state: State, before: State): void {
  const known = new Set(before.tray.filter((item) => item.state === 'failed').map((item) => item.messageId));
  const refused = state.tray.filter((item) => item.state === 'failed' && !known.has(item.messageId) && item.reason?.code !== 'withdrawn');
  const first = refused[0];
  if (first === undefined) return;
  announce(useStore, refused.length === 1 ? failureText(first.reason, strings()) : strings().tray.open(refused.length));
}
