import type { Part } from '../../api/types';
import { connectivityService } from '../../services/services';
import { outboxActions } from '../../state/outbox';
import { dismissToastsAbout, showToast } from '../../state/toasts';
import { changeUi } from '../../state/ui';
import { strings } from '../../strings';
import { keepFocus } from '../commands';
import { seldomShown } from '../dialogs/lazyDialogs';

/** What a person can do about messages that are not saved, each with its undo and its words. */

async function attempt(change: Promise<void>): Promise<boolean> {
  try {
    await change;
    keepFocus();
    return true;
  } catch (error) {
    const texts = strings();
    const isSent = error instanceof Error && error.name === 'MaybeSent';
    showToast(isSent ? texts.saves.maybeSent : texts.saves.actionFailed(error instanceof Error ? error.message : String(error)), null, 'error');
    return false;
  }
}

export function sendAgain(messageId: string, content?: Part[]): void {
  void attempt(outboxActions().retry(messageId, content)).then(() => dismissToastsAbout(messageId));
}

export function replaceQueued(messageId: string, content: Part[]): void {
  void attempt(outboxActions().replaceQueued(messageId, content));
}

export function moveToNewBranch(messageId: string): void {
  void attempt(outboxActions().moveToNewBranch(messageId));
}

export function moveToNewChat(messageId: string): void {
  void attempt(seldomShown().then(({ toNewChat }) => toNewChat(messageId)));
}

export async function discardItem(messageId: string): Promise<void> {
  const texts = strings();
  const done = await attempt(outboxActions().discard(messageId));
  if (done) showToast(texts.saves.discardedToast, { label: texts.undo, run: () => bringBack(messageId) }, 'plain', messageId);
}

export function bringBack(messageId: string): void {
  void attempt(outboxActions().undo(messageId)).then(() => dismissToastsAbout(messageId));
}

export async function withdrawItem(messageId: string): Promise<void> {
  const texts = strings();
  const done = await attempt(outboxActions().withdraw(messageId));
  if (done) showToast(texts.saves.withdrawnToast, { label: texts.undo, run: () => sendAgain(messageId) }, 'plain', messageId);
}

export function tryNow(): void {
  void connectivityService.tryNow();
  outboxActions().tryNow();
}

/** Shows what happened to a message on its way to the server. */
export function showItem(messageId: string): void {
  changeUi({ dialog: 'item', item: messageId });
}

export function showTray(): void {
  changeUi({ dialog: 'tray' });
}
