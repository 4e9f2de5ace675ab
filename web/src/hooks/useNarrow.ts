import { useSyncExternalStore } from 'react';

/** Below this width the list is a sheet. The style sheets use the same number. */
const narrow = window.matchMedia('(max-width: 767px)');

export function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      narrow.addEventListener('change', listener);
      return () => narrow.removeEventListener('change', listener);
    },
    () => narrow.matches,
  );
}
