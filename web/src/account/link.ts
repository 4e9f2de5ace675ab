import type { EntranceView } from './Entrance';

/** What the address of the page says of why somebody comes. */
export interface Link {
  view: EntranceView;
  /** Of a link that resets a password or verifies an address. */
  token: string | null;
  invitation: string | null;
  /** Where the page goes on when somebody is signed in. */
  returnTo: string;
}

const VIEWS: Record<string, EntranceView> = { '/register': 'register', '/reset-password': 'reset', '/verify-email': 'verify', '/sign-in': 'signIn' };

let taken: Link | undefined;

/** Reads the address, and takes what is secret out of it at once: it stays in no history, no bookmark and no screenshot. */
export function takeLink(): Link {
  taken ??= read();
  return taken;
}

function read(): Link {
  const { pathname, search, hash } = location;
  const given = [new URLSearchParams(hash.slice(1)), new URLSearchParams(search)];
  const value = (name: string) => given.map((values) => values.get(name)).find((text) => text) ?? null;
  const view = VIEWS[pathname] ?? 'signIn';
  const link = { view, token: value('token'), invitation: value('invitation'), returnTo: pathname in VIEWS ? '/' : pathname + search };
  if (pathname in VIEWS && (search !== '' || hash !== '')) history.replaceState(null, '', pathname);
  return link;
}
