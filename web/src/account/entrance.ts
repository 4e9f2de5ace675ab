import type { AuthOptions, SessionKeeper } from '@manent/client/session';
import { owner } from '../state/localValue';

/** Everything about accounts, in one file of the built page: where nobody signs in it is never read. */
export const accountParts = () => import('./accountParts');

/** Whether this page is for signing in, registering and the like; nothing of a person's own is opened then. */
export const isEntrance =
  owner === null ||
  // The server says in the page itself that people sign in, and nobody has here yet.
  (owner === undefined && document.documentElement.hasAttribute('data-sign-in')) ||
  /^\/(?:sign-in|login|register|reset-password|verify-email)$/.test(location.pathname);

let keeping: Promise<SessionKeeper> | undefined;
let isLooking = false;

/** Who keeps the owner of this page signed in. Rejects where the file cannot be had, and is asked for again then. */
export function sessionKeeper(): Promise<SessionKeeper> {
  keeping ??= accountParts().then(({ keepSession }) => keepSession());
  keeping.catch(() => (keeping = undefined));
  return keeping;
}

/** The browser's `fetch` for all that this page asks of the server: with the token of its owner, where it has one. */
export const accountFetch: typeof fetch = async (input, init) => {
  if (owner) return (await sessionKeeper()).fetch(input, init);
  const response = await fetch(input, init);
  if (response.status === 401 && !isLooking) void lookWhoIsAsked();
  return response;
};

/** The server knew nobody before, and wants to know who is there now: this page begins with that. */
async function lookWhoIsAsked(): Promise<void> {
  isLooking = true;
  try {
    const { signIn } = (await (await fetch('/auth/options')).json()) as AuthOptions;
    if (!signIn) return;
    localStorage.setItem('manent.owner', 'null');
    location.reload();
  } catch {
    isLooking = false;
  }
}
