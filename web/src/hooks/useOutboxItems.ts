import { useEffect, useState } from 'react';
import { type OutboxItem, outboxActions } from '../state/outbox';
import { useStore } from '../state/store';

/** All items are read anew at most this often, in milliseconds: there may be many. */
const READ_EVERY_MS = 1_000;

/** Everything of this device that is not saved, oldest first. It follows the outbox with a second's delay at most. */
export function useOutboxItems(): OutboxItem[] {
  const [items, setItems] = useState(() => outboxActions().items());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = useStore.subscribe((state, before) => {
      if ((state.saves === before.saves && state.queue === before.queue && state.tray === before.tray) || timer !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        setItems(outboxActions().items());
      }, READ_EVERY_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  return items;
}
