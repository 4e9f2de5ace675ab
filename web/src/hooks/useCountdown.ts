import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for all countdowns, so that they change together. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const nothing = () => () => undefined;

/** The whole seconds until then, at least 1; `null` without a time. Draws once a second while there is one. */
export function useCountdown(until: number | null): number | null {
  return useSyncExternalStore(until === null ? nothing : subscribe, () => (until === null ? null : Math.max(1, Math.ceil((until - Date.now()) / 1_000))));
}
