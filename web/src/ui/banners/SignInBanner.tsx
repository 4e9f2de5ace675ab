import { LogIn } from 'lucide-react';
import { owner } from '../../state/localValue';
import { outboxActions } from '../../state/outbox';
import { useStore } from '../../state/store';
import { changeUi } from '../../state/ui';
import { useAllStrings } from '../../strings/seldom';
import { depthOf } from './AwayBanner';

/** The server wants to know who is there: nothing is sent until then, and nothing is lost. */
export function SignInBanner() {
  const texts = useAllStrings();
  const inTab = useStore((state) => state.queue?.storage === 'memory');
  const depth = useStore((state) => depthOf(state.queue));
  return (
    <div className="banner away">
      <LogIn aria-hidden />
      <p>
        <span role="status" aria-atomic="false">
          {inTab ? texts.banner.signedOutInTab : texts.banner.signedOut} {depth > 0 && <span>{texts.banner.depth(depth)} </span>}
        </span>
        <button type="button" className="text-button" onClick={() => (owner ? changeUi({ dialog: 'signIn' }) : outboxActions().signedInAgain())}>
          {texts.banner.signIn}
        </button>
      </p>
    </div>
  );
}
