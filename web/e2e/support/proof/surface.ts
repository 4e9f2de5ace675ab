import type { Page } from '@playwright/test';
import type { OwnAnswer } from '../faults/faultProxy.ts';

/** One open tab in which a person writes. */
export interface Tab {
  readonly page: Page;
  /** Writes a message and sends it off; resolves with its id when the tab shows it. It goes below `parentId` where the surface can choose. */
  write(text: string, parentId?: string | null): Promise<string>;
  /** Asks for a try at once, as a person does who comes back to the window. */
  tryNow(): Promise<void>;
  /** Says that somebody has signed in. */
  signIn(): Promise<void>;
}

/** What the proofs are run on: the page of Manent, or the client alone under a page that has nothing else. */
export interface Surface {
  readonly name: 'page' | 'client';
  /** Makes what the proxy serves by itself for it. */
  prepare(): Promise<OwnAnswer>;
  /** Shows a conversation in a tab that is at the address of the proxy. */
  show(page: Page, origin: string, conversationId: string): Promise<Tab>;
}
