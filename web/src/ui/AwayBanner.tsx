import { CloudOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { connectivityService } from '../services/services';
import { useStore } from '../state/store';
import { useStrings } from '../strings';

/** Says that the server is away, what works meanwhile, and when it is tried again. */
export function AwayBanner() {
  const reachable = useStore((state) => state.connectivity.reachable);
  return reachable ? null : <Away />;
}

function Away() {
  const texts = useStrings();
  const nextTryAt = useStore((state) => state.connectivity.nextTryAt);
  const seconds = useCountdown(nextTryAt);
  return (
    <div className="banner away">
      <CloudOff aria-hidden />
      <p>
        <span role="status">{texts.banner.away}</span> <span className="countdown">{seconds === null ? texts.banner.trying : texts.banner.nextTry(seconds)}</span>
      </p>
      <button type="button" className="text-button" onClick={() => void connectivityService.tryNow()}>
        {texts.tryNow}
      </button>
    </div>
  );
}

function useCountdown(until: number | null): number | null {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (until === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [until]);
  return until === null ? null : Math.max(1, Math.ceil((until - now) / 1_000));
}
