import { useSyncExternalStore } from 'react';

/** A module that is loaded when it is first needed. Components that use it are drawn again once it has come. */
export interface LazyModule<T> {
  use(): T | null;
  /** Loads it when it is not there yet; resolves when it can be used, and also when it could not be loaded. */
  load(): Promise<void>;
}

export function lazyModule<T>(importModule: () => Promise<T>): LazyModule<T> {
  let value: T | null = null;
  let loading: Promise<void> | null = null;
  const listeners = new Set<() => void>();
  const load = (): Promise<void> => {
    loading ??= importModule().then(
      (loaded) => {
        value = loaded;
        for (const listener of listeners) listener();
      },
      () => {
        // The text is readable without it; the next use tries again.
        loading = null;
      },
    );
    return loading;
  };
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    void load();
    return () => listeners.delete(listener);
  };
  return { load, use: () => useSyncExternalStore(subscribe, () => value) };
}
