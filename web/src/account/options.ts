import type { AuthOptions } from '@manent/client/session';

/** The provider at which people sign in, where the server has one. */
export function openIdOf({ openid }: AuthOptions): { label: string; path: string; automatic: boolean } | null {
  const { label, path, automatic } = (openid ?? {}) as { label?: unknown; path?: unknown; automatic?: unknown };
  return typeof label === 'string' && typeof path === 'string' && /^\/[^/\\]/.test(path) ? { label, path, automatic: automatic === true } : null;
}

/** The address at which a sign-in at the provider begins; it comes back to `returnTo`. */
export function openIdAddress({ path }: { path: string }, returnTo: string): string {
  return `${path}?client=page&return_to=${encodeURIComponent(returnTo)}`;
}

/** Whether people sign in with a password. */
export const takesPasswords = ({ passwords }: AuthOptions): boolean => passwords !== false;

/** Whether the server sends mail with links that reset a password. */
export const resetsByMail = ({ resetByMail }: AuthOptions): boolean => resetByMail === true;
