import { Api } from '@manent/client';
import { sessionKeeper } from './entrance';

/** Where somebody is signed in. */
export interface Session {
  id: string;
  label: string | null;
  createdAt: string;
  lastUsedAt: string;
  expiresAt: string;
  current: boolean;
}

export type Scope = 'read' | 'write' | 'generate' | 'admin';

export const SCOPES: readonly Scope[] = ['read', 'write', 'generate', 'admin'];

/** A key for programs, without the key itself. */
export interface ApiKey {
  id: string;
  name: string;
  scopes: Scope[];
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
  revokedAt: string | null;
}

/** The calls about the owner's account, in their name. */
export const accountApi = new Api({ fetch: async (input, init) => (await sessionKeeper()).fetch(input, init) });

export async function listSessions(): Promise<Session[]> {
  return (await accountApi.json<{ sessions: Session[] }>('GET', '/account/sessions')).sessions;
}

export async function listKeys(): Promise<ApiKey[]> {
  return (await accountApi.json<{ keys: ApiKey[] }>('GET', '/keys')).keys;
}

export function createKey(key: { name: string; scopes: Scope[]; expiresAt?: string }): Promise<{ secret: string; key: ApiKey }> {
  return accountApi.json('POST', '/keys', key);
}
