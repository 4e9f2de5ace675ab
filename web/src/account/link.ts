import { address, placeOf } from '../ui/base';
import type { EntranceView } from './Entrance';
import { hasJustLeft } from './owner';

/** What the address of the page says of why somebody comes. */
export interface Link {
  view: EntranceView;
  /** Of a link that resets a password or verifies an address. */
  token: string | null;
  invitation: string | null;
  /** Somebody has just signed out. */
  hasLeft: boolean;
  /** Why a sign-in at a provider failed, by the server's code. */
  failure: string | null;
  /** Where the page goes on when somebody is signed in. */
  returnTo: string;
}

const VIEWS: Record<string, EntranceView> = { '/register': 'register', '/reset-password': 'reset', '/verify-email': 'verify', '/sign-in': 'signIn', '/login': 'signIn' };

let taken: Link | undefined;

/** Reads the address, and takes what is secret out of it at once: it stays in no history, no bookmark and no screenshot. */
export function takeLink(): Link {
  taken ??= read();
  return taken;
}

function read(): Link {
  const { pathname, hash } = location;
  const search = new URLSearchParams(location.search);
  const secrets = new URLSearchParams(hash.slice(1));
  const value = (name: string) => secrets.get(name) || search.get(name) || null;
  const place = placeOf(pathname);
  const isOwnPlace = place in VIEWS;
  const link = { view: VIEWS[place] ?? 'signIn', token: value('token'), invitation: value('invitation'), failure: search.get('signInError'), hasLeft: hasJustLeft() };
  search.delete('signInError');
  const rest = isOwnPlace || search.size === 0 ? '' : `?${search}`;
  const clean = pathname + rest + (isOwnPlace ? '' : hash);
  if (clean !== pathname + location.search + hash) history.replaceState(null, '', clean);
  return { ...link, returnTo: isOwnPlace ? address('/') : pathname + rest };
}
