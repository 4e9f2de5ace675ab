/** Where the page stands, without a slash at the end: the server says so where another client is at `/`. */
export const BASE = typeof document === 'undefined' ? '' : (document.documentElement.dataset.base ?? '');

/** A place of the page's, such as `/c/…`, as an address of this origin. */
export function address(place: string): string {
  return BASE + place;
}

/** The place of the page's that an address is: `/` for the page itself. */
export function placeOf(pathname: string): string {
  return BASE !== '' && pathname.startsWith(BASE) ? pathname.slice(BASE.length) || '/' : pathname;
}
