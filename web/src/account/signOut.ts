import { WouldLose } from '@manent/client';
import type { SessionKeeper } from '@manent/client/session';
import { device } from '../services/services';
import { address } from '../ui/base';
import { noteLeaving, ownerKeys, pageBelongsToNobody, setSigningOut } from './owner';

const DRAFTS = 'manent.draft.';

/** What signing out leaves on this device, or loses. */
export interface Unsent {
  messages: number;
  drafts: number;
}

/** What the owner wrote on this device and the server does not have. */
export function unsent(): Promise<Unsent> {
  return new Promise((resolve) => {
    device.whenOpen(({ persistence }) => {
      const messages = persistence.items().filter(({ state }) => state !== 'saved' && state !== 'discarded').length;
      resolve({ messages, drafts: ownerKeys(DRAFTS).length });
    });
  });
}

/**
 * Ends the session and takes what this device has of the server's away. What is not sent stays in the owner's own store, or goes where `discard` says so.
 * Rejects, and changes nothing, where the server cannot be told: the browser would stay signed in.
 */
export async function signOut(keeper: SessionKeeper, { discard }: { discard: boolean }): Promise<void> {
  setSigningOut(true);
  let next: string | null;
  try {
    next = await keeper.signOut();
  } catch (error) {
    setSigningOut(false);
    throw error;
  }
  await forgetOnDevice({ discard });
  // Somebody who came from a provider leaves there too.
  location.replace(next ?? address('/'));
}

/** Takes away what this device has of the owner's; what is not sent stays unless it is to go, too. The page belongs to nobody then. */
export async function forgetOnDevice({ discard }: { discard: boolean }): Promise<void> {
  setSigningOut(true);
  noteLeaving();
  pageBelongsToNobody();
  await new Promise<void>((resolve) => device.whenOpen((client) => void leave(client, discard).finally(resolve)));
  for (const prefix of ['manent.titles', 'manent.models', ...(discard ? [DRAFTS] : [])]) for (const key of ownerKeys(prefix)) localStorage.removeItem(key);
}

async function leave({ persistence, cache }: Parameters<Parameters<typeof device.whenOpen>[0]>[0], discard: boolean): Promise<void> {
  try {
    await persistence.signOut({ confirmed: discard });
  } catch (error) {
    if (!(error instanceof WouldLose)) console.error(error);
    cache.clear();
  }
  // Answered when what was asked before is done.
  await cache.conversations(1);
}
