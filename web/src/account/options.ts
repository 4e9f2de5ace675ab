import type { AuthOptions } from '@manent/client/session';

/** The provider at which people sign in, where the server has one. */
export function openIdOf({ openid }: AuthOptions): { label: string; path: string } | null {
  const { label, path } = (openid ?? {}) as { label?: unknown; path?: unknown };
  return typeof label === 'string' && typeof path === 'string' && /^\/[^/\\]/.test(path) ? { label, path } : null;
}

/** Whether people sign in with a password. */
export const takesPasswords = ({ passwords }: AuthOptions): boolean => passwords !== false;

/** Whether the server sends mail with links that reset a password. */
export const resetsByMail = ({ resetByMail }: AuthOptions): boolean => resetByMail === true;
