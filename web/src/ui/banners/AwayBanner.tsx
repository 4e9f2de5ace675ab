import { CloudOff } from 'lucide-react';
import { useCountdown } from '../../hooks/useCountdown';
import { useNextTry } from '../../hooks/useNextTry';
import { useOnline } from '../../hooks/useOnline';
import type { QueueStatus } from '../../state/outbox';
import { useStore } from '../../state/store';
import { type Strings, useStrings } from '../../strings';
import { tryNow } from '../outbox/commands';

/** Says that the server is away, what works meanwhile, how much waits, and when it is tried again. */
export function AwayBanner({ isAway }: { isAway: boolean }) {
  const texts = useStrings();
  const isOnline = useOnline();
  const inTab = useStore((state) => state.queue?.storage === 'memory');
  const depth = useStore((state) => depthOf(state.queue));
  const seconds = useCountdown(useNextTry());
  return (
    <div className="banner away">
      <CloudOff aria-hidden />
      <p>
        <span role="status" aria-atomic="false">
          {isAway ? awayText(isOnline, inTab, texts) : texts.banner.troubled} {depth > 0 && <span>{texts.banner.depth(depth)} </span>}
        </span>
        <span className="countdown">{seconds === null ? texts.banner.trying : texts.banner.nextTry(seconds)}</span>{' '}
        <button type="button" className="text-button" onClick={tryNow}>
          {texts.tryNow}
        </button>
      </p>
    </div>
  );
}

function awayText(isOnline: boolean, inTab: boolean, { banner }: Strings): string {
  if (isOnline) return inTab ? banner.awayInTab : banner.away;
  return inTab ? banner.offlineInTab : banner.offline;
}

/** How many items are still to be sent. */
export function depthOf(queue: QueueStatus | null): number {
  return queue === null ? 0 : queue.storing + queue.queued + queue.sending + queue.waiting;
}
