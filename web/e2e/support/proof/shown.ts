/** What a page showed of its messages, and when. */

/**
 * The state of a message as a page shows it. `none`: it is shown without any mark. `gone`: it is no longer shown. `inTab`: kept in this tab
 * alone. `unknown`: with a mark whose words the recorder does not know.
 */
export type ShownState = 'none' | 'gone' | 'storing' | 'queued' | 'sending' | 'waiting' | 'inTab' | 'failed' | 'discarded' | 'saved' | 'unknown';

/** From this moment on a message was shown so. */
export interface Shown {
  /** Milliseconds since the Unix epoch by a clock that never jumps. */
  at: number;
  /** The document that showed it: another one after each load. */
  tab: string;
  messageId: string;
  state: ShownState;
  /** Only for marks that say that this device keeps the message: whether its store held it when it was looked at right afterwards. */
  isOnDevice?: boolean;
  /** When that was. */
  lookedAt?: number;
}

/** Marks that say: this device keeps it. */
export const KEPT_STATES: readonly ShownState[] = ['queued', 'sending', 'waiting', 'failed'];
