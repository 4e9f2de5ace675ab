import { useOnline } from '../../hooks/useOnline';
import { useStore } from '../../state/store';
import type { Place } from './words';

export function usePlace(): Place {
  const isOnline = useOnline();
  const isInTab = useStore((state) => state.queue?.storage === 'memory');
  const isReachable = useStore((state) => state.connectivity.reachable);
  return { isInTab, isOnline, isReachable };
}
