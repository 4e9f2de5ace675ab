import { type State, useStore } from '../state/store';
import { useCountdown } from './useCountdown';

/** When the server is tried next while it is away, by whichever part of the page comes first: what one learns the others know. `null`: a try is under way. */
export function useNextTry(): number | null {
  return useStore(nextTryAt);
}

/** The seconds until something that waits is tried, where that is known. While the server is away everything waits for the same try. */
export function useSecondsToTry(until: number | null): number | null {
  const isAway = useStore((state) => !state.connectivity.reachable);
  const nextTry = useNextTry();
  return useCountdown(until !== null && isAway ? nextTry : until);
}

export function nextTryAt({ answersWaiting, connectivity, queue }: Pick<State, 'answersWaiting' | 'connectivity' | 'queue'>): number | null {
  if (!connectivity.reachable && connectivity.nextTryAt === null) return null;
  const times = [connectivity.reachable ? null : connectivity.nextTryAt, queue?.nextTryAt ?? null, ...Object.values(answersWaiting).map(({ until }) => until)];
  return times.reduce((first, time) => (time === null || (first !== null && first < time) ? first : time), null);
}
