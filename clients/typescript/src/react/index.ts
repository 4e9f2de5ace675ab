import { useCallback, useRef, useSyncExternalStore } from 'react';
import type { OutboxItem, PersistenceService, QueueStatus, SaveStatus } from '../types.js';

/** Where a message stands; `null` when this device knows nothing of it (any more). */
export function useSaveStatus(persistence: PersistenceService, messageId: string): SaveStatus | null {
  const subscribe = useCallback(
    (changed: () => void) => persistence.subscribe((status) => status.messageId === messageId && changed()),
    [persistence, messageId],
  );
  return useSnapshot(subscribe, () => persistence.status(messageId));
}

/** How the queue stands. */
export function useQueueStatus(persistence: PersistenceService): QueueStatus {
  const subscribe = useCallback((changed: () => void) => persistence.subscribeStatus(changed), [persistence]);
  return useSnapshot(subscribe, () => persistence.getQueueStatus());
}

/** Everything on this device that is not saved, oldest first. */
export function useOutboxItems(persistence: PersistenceService): OutboxItem[] {
  const subscribe = useCallback((changed: () => void) => persistence.subscribeStatus(changed), [persistence]);
  return useSnapshot(subscribe, () => persistence.items());
}

/** What `read` gives, as the same object for as long as it says the same: React compares by identity. */
function useSnapshot<T>(subscribe: (changed: () => void) => () => void, read: () => T): T {
  const last = useRef<{ text: string; value: T } | null>(null);
  const snapshot = (): T => {
    const value = read();
    const text = JSON.stringify(value);
    if (last.current?.text !== text) last.current = { text, value };
    return last.current.value;
  };
  return useSyncExternalStore(subscribe, snapshot, snapshot);
}
