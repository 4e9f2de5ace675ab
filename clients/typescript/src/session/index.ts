import { createClient } from '../client.js';
import { browserEnvironment } from '../environment.js';
import type { ClientOptions, ManentClient } from '../types.js';
import { SessionKeeper } from './keeper.js';
import type { SessionOptions } from './types.js';

export { databaseNameOf, SessionKeeper } from './keeper.js';
export type * from './types.js';

/** The keeper in this tab, which has asked nothing yet: `start()` does, and so does its first request. */
export function createSession(options: SessionOptions = {}): SessionKeeper {
  return new SessionKeeper(options, browserEnvironment(options.fetch));
}

/** Opens the keeper in this tab, and finds out who is signed in. Never rejects: where the server is away, its state is `unknown`. */
export async function openSession(options: SessionOptions = {}): Promise<SessionKeeper> {
  const keeper = createSession(options);
  await keeper.start();
  return keeper;
}

/**
 * Opens the client of whoever is signed in, over a store of their own: what somebody else queued on this device is neither sent in their name nor
 * shown to them, and goes on when that one signs in again.
 */
export async function createSignedInClient(session: SessionKeeper, options: Omit<ClientOptions, 'fetch' | 'databaseName'> = {}): Promise<ManentClient> {
  const client = await createClient({ ...options, fetch: session.fetch, databaseName: session.databaseName });
  const stop = goOnAfterSignIn(session, () => client);
  return { ...client, close: () => (stop(), client.close()) };
}

/** Has what waits for a sign-in go on by itself after one. Returns the way to stop. */
export function goOnAfterSignIn(session: SessionKeeper, client: () => Pick<ManentClient, 'persistence' | 'answers' | 'feed'> | null): () => void {
  return session.subscribe(({ state }) => {
    if (state !== 'signed_in') return;
    const opened = client();
    opened?.persistence.signedIn();
    opened?.answers.signedIn();
    opened?.feed.tryNow();
  });
}
