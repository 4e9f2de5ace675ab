import { useEffect, useState } from 'react';
import type { SaveInfo } from '../state/outbox';

/** A state that passes within this time is not worth a mark, in milliseconds. */
const PASSING_MS = 1_000;

/**
 * What the mark of a message says of its way to the server: a wait and a failure at once, everything else when it has lasted.
 * Until then the mark stays as it was, so that a retry does not flicker.
 */
export function useShownSave(save: SaveInfo | undefined): SaveInfo | null {
  const [lasting, setLasting] = useState(() => (save !== undefined && Date.now() - save.since >= PASSING_MS ? save.state : null));
  const [before, setBefore] = useState<SaveInfo | null>(null);
  const state = save?.state;

  useEffect(() => {
    setLasting((known) => (known === state ? known : null));
    if (state === undefined) return;
    const timer = setTimeout(() => setLasting(state), PASSING_MS);
    return () => clearTimeout(timer);
  }, [state]);

  const holds = save !== undefined && (!isPassing(save.state) || lasting === save.state);
  const shown = save === undefined ? null : holds ? save : before;
  if (shown !== before) setBefore(shown);
  return shown;
}

function isPassing(state: SaveInfo['state']): boolean {
  return state === 'storing' || state === 'queued' || state === 'sending';
}
