import { useStore } from '../../state/store';
import { useUi } from '../../state/ui';
import { SignInBanner, UpdateBanner } from '../dialogs/lazyDialogs';
import { AwayBanner } from './AwayBanner';
import { StorageBanner } from './StorageBanner';

/**
 * What a person should know about the page as a whole, above the message box: there it takes its room from the end of the
 * messages, where the view keeps its place, and moves nothing.
 */
export function Banners() {
  const signInNeeded = useStore((state) => state.signInNeeded);
  const isAway = useStore((state) => !state.connectivity.reachable);
  const isTroubled = useStore((state) => state.queue !== null && state.queue.breaker !== 'closed' && state.queue.waiting > 0);
  const updateReady = useUi((state) => state.updateReady);
  return (
    <div className="banners">
      {/* Signing in is what helps then, whatever else is the matter. */}
      {signInNeeded ? <SignInBanner /> : (isAway || isTroubled) && <AwayBanner isAway={isAway} />}
      <StorageBanner />
      {updateReady && <UpdateBanner />}
    </div>
  );
}
