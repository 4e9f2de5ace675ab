import { useSyncExternalStore } from 'react';

/** A module that is loaded when it is first needed. Components that use it are drawn again once it has come. */
export interface LazyModule<T> {
  use(): T | null;
  load(): void;
}

export function lazyModule<T>(importModule: () => Promise<T>): LazyModule<T> {
  let value: T | null = null;
  let started = false;
  const listeners = new Set<() => void>();
  const load = () => {
    if (started) return;
    started = true;
    importModule().then(
      (loaded) => {
        value = loaded;
        for (const listener of listeners) listener();
      },
      () => {
        // The text is readable without it; the next use tries again.
        started = false;
      },
    );
  };
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    load();
    return () => listeners.delete(listener);
  };
  return { load, use: () => useSyncExternalStore(subscribe, () => value) };
}
