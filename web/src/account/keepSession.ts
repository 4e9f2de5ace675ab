import { createSession, type SessionKeeper, type SessionState } from '@manent/client/session';
import { device } from '../services/services';
import { owner } from '../state/localValue';
import { useStore } from '../state/store';
import { showToast } from '../state/toasts';
import { address } from '../ui/base';
import { takeLink } from './link';
import { forgetOwner, isSigningOut, noteLeaving, pageBelongsTo } from './owner';
import { accountTexts } from './texts';
import { sentenceOfCode } from './useAttempt';

/** Keeps the owner of this page signed in, and has the page follow what becomes of it. */
export function keepSession(): SessionKeeper {
  const keeper = createSession({ accountId: owner?.id });
  keeper.subscribe((state) => follow(state));
  const { failure } = takeLink();
  if (failure !== null) showToast(sentenceOfCode(failure, accountTexts()), null, 'error');
  void keeper.start();
  return keeper;
}

function follow(state: SessionState): void {
  switch (state.state) {
    case 'signed_in':
      pageBelongsTo(state.account);
      useStore.setState({ signInNeeded: false });
      // What was paused goes on.
      return device.whenOpen(({ persistence, answers, feed }) => {
        persistence.signedIn();
        answers.signedIn();
        feed.tryNow();
      });
    case 'signed_out':
      // Here it ends for everybody who looks at this browser; an end that nobody asked for leaves everything as it is.
      if (state.reason !== 'left') useStore.setState({ signInNeeded: true });
      else if (!isSigningOut()) {
        noteLeaving();
        location.replace(address('/'));
      }
      return;
    case 'another':
      // What the owner wrote stays in their own store; the page begins anew with the other person's.
      pageBelongsTo(state.account);
      return location.replace(address('/'));
    case 'local':
      forgetOwner();
      return location.replace(address('/'));
    case 'unknown':
  }
}
