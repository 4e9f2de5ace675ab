import type { Page } from '@playwright/test';
import type { StorageWarning } from '../../../../clients/typescript/src/types.ts';
import type { OwnAnswer } from '../faults/faultProxy.ts';

/** Where a message goes, for a surface that can choose: without a word the end of the conversation that the tab shows. */
export interface Place {
  conversationId?: string;
  parentId?: string | null;
}

/** One open tab in which a person writes. */
export interface Tab {
  readonly page: Page;
  /** Writes a message and sends it off; resolves with its id when the tab shows it. */
  write(text: string, place?: Place): Promise<string>;
  /** Asks for a try at once, as a person does who comes back to the window. */
  tryNow(): Promise<void>;
  /** Says that somebody has signed in. */
  signIn(): Promise<void>;
  /** Waits until the tab warns of something about the device's store. */
  warned(code: StorageWarning['code']): Promise<void>;
}

/** What the proofs are run on: the page of Manent, or the client alone under a page that has nothing else. */
export interface Surface {
  readonly name: 'page' | 'client';
  /** Makes what the proxy serves by itself for it. */
  prepare(): Promise<OwnAnswer>;
  /** Shows a conversation in a tab that is at the address of the proxy. */
  show(page: Page, origin: string, conversationId: string): Promise<Tab>;
}
