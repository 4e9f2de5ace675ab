import type { Account } from '@manent/client/session';
import { owner } from '../state/localValue';

/** Under which name the browser keeps whose page this is (`state/localValue.ts` reads it when the page begins). */
const KEY = 'manent.owner';

const LEFT = 'manent.left';

let signingOut = false;

/** From its next start on the page is this person's. */
export function pageBelongsTo({ id, name, email }: Account): void {
  localStorage.setItem(KEY, JSON.stringify({ id, name, email }));
}

/** From its next start on somebody has to sign in first. */
export function pageBelongsToNobody(): void {
  localStorage.setItem(KEY, 'null');
}

/** Somebody signed out in this tab or another one: the next page of this tab says so, and sends nobody to a provider by itself. */
export function noteLeaving(): void {
  sessionStorage.setItem(LEFT, 'true');
}

/** Whether that was just now. */
export function hasJustLeft(): boolean {
  const left = sessionStorage.getItem(LEFT) !== null;
  sessionStorage.removeItem(LEFT);
  return left;
}

/** Nobody signs in here. */
export function forgetOwner(): void {
  localStorage.removeItem(KEY);
}

/** Whether this tab is about to sign out, and looks after what belongs to that itself. */
export function isSigningOut(): boolean {
  return signingOut;
}

export function setSigningOut(is: boolean): void {
  signingOut = is;
}

/** The names under which this browser keeps something of the owner's. */
export function ownerKeys(prefix: string): string[] {
  const ending = owner ? `@${owner.id}` : '';
  return Object.keys(localStorage).filter((key) => key.startsWith(prefix) && key.endsWith(ending));
}
