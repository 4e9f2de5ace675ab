import type { AuthOptions } from '@manent/client/session';

/** The provider at which people sign in, where the server has one. */
export function openIdOf(options: AuthOptions): { label: string } | null {
  const { openId } = options as { openId?: { label?: unknown } | null };
  return openId ? { label: typeof openId.label === 'string' ? openId.label : 'OpenID' } : null;
}

/** Whether people sign in with a password; a server that says nothing of it takes them. */
export function takesPasswords(options: AuthOptions): boolean {
  return (options as { passwords?: boolean }).passwords !== false;
}
