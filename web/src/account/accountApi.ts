import { Api } from '@manent/client';
import type { AccountResource, CreateKeyRequest, KeyList, KeyResource, MadeKey, ProviderKeyList, ProviderKeyRequest, ProviderKeyResource, ScopeName, SessionList, SessionResource } from './apiTypes';
import { sessionKeeper } from './entrance';

const SCOPES: readonly ScopeName[] = ['read', 'write', 'generate'];

/** The calls about the owner's account, in their name. */
export const accountApi = new Api({ fetch: async (input, init) => (await sessionKeeper()).fetch(input, init) });

export const loadAccount = () => accountApi.json<AccountResource>('GET', '/account');

/** What a key of somebody's may do at most: only administrators have keys that administer. */
export function scopesOf(account: AccountResource | null): readonly ScopeName[] {
  return account?.role === 'ADMIN' ? [...SCOPES, 'admin'] : SCOPES;
}

export async function listSessions(): Promise<SessionResource[]> {
  return (await accountApi.json<SessionList>('GET', '/account/sessions')).sessions;
}

export async function listKeys(): Promise<KeyResource[]> {
  return (await accountApi.json<KeyList>('GET', '/keys')).keys;
}

export function createKey(key: CreateKeyRequest): Promise<MadeKey> {
  return accountApi.json('POST', '/keys', key);
}

/** The providers that want a key of each person's own. */
export async function listProviderKeys(): Promise<ProviderKeyResource[]> {
  return (await accountApi.json<ProviderKeyList>('GET', '/account/provider-keys')).keys;
}

export function storeProviderKey(provider: string, key: ProviderKeyRequest): Promise<ProviderKeyResource> {
  return accountApi.json('PUT', providerKey(provider), key);
}

export async function deleteProviderKey(provider: string): Promise<void> {
  await accountApi.send('DELETE', providerKey(provider));
}

const providerKey = (provider: string) => `/account/provider-keys/${encodeURIComponent(provider)}`;
