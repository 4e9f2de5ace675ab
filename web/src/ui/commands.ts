import { conversationService, messageService } from '../services/services';
import { useStore } from '../state/store';
import { showToast } from '../state/toasts';
import { changeUi } from '../state/ui';
import { strings } from '../strings';
import { currentRoute, navigate } from './router';

/** What several parts of the page let the person do, each with its undo and its words. */

export function focusComposer(): void {
  document.getElementById('composer-input')?.focus();
}

/** Not on touch screens, where it would bring up the keyboard over what has just been opened. */
function focusComposerWithPointer(): void {
  if (matchMedia('(hover: hover)').matches) requestAnimationFrame(focusComposer);
}

/** Where the pressed button goes away with one of the next drawings, and the focus with it: then the person goes on in the message box. */
export function keepFocus(frames = 30): void {
  if (frames === 0 || !matchMedia('(hover: hover)').matches) return;
  requestAnimationFrame(() => (document.activeElement === document.body ? focusComposer() : keepFocus(frames - 1)));
}

export function regenerateAnswer(conversationId: string, answerId: string): void {
  messageService.regenerate(conversationId, answerId);
  keepFocus();
}

export function continueAnswer(conversationId: string, answerId: string): void {
  messageService.continueAnswer(conversationId, answerId);
  keepFocus();
}

export function getAnswer(conversationId: string, userMessageId: string): void {
  messageService.answerTo(conversationId, userMessageId);
  keepFocus();
}

export function newChat(): void {
  navigate({ conversationId: null });
  changeUi({ sheetOpen: false, editing: null });
  focusComposerWithPointer();
}

export function openConversation(conversationId: string, messageId: string | null = null): void {
  navigate({ conversationId, messageId });
  changeUi({ sheetOpen: false, editing: null });
  focusComposerWithPointer();
}

export function titleOf(conversationId: string): string {
  return useStore.getState().conversations[conversationId]?.title ?? strings().conversation.untitled;
}

/** `about`: what was said of it before no longer holds then. */
async function attempt(change: Promise<void>, about: string | null = null): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    showToast(strings().conversation.changeFailed(error instanceof Error ? error.message : String(error)), null, 'error', about);
    return false;
  }
}

export function renameConversation(id: string, title: string): void {
  const trimmed = title.trim();
  if (trimmed !== '' && trimmed !== useStore.getState().conversations[id]?.title) void attempt(conversationService.rename(id, trimmed));
}

export function pinConversation(id: string, pinned: boolean): void {
  void attempt(conversationService.setPinned(id, pinned));
}

export function archiveConversation(id: string, archived: boolean): void {
  const texts = strings();
  const title = titleOf(id);
  const comeBack = archived ? leave(id) : null;
  const changed = attempt(conversationService.setArchived(id, archived), id);
  const undo = () => {
    comeBack?.();
    void changed.then(() => attempt(conversationService.setArchived(id, !archived)));
  };
  showToast(archived ? texts.conversation.archived(title) : texts.conversation.unarchived(title), { label: texts.undo, run: undo }, 'plain', id);
}

export function removeConversation(id: string): void {
  const texts = strings();
  const title = titleOf(id);
  const comeBack = leave(id);
  const removed = attempt(conversationService.moveToTrash(id), id);
  const undo = () => {
    comeBack?.();
    void removed.then(() => attempt(conversationService.restore(id)));
  };
  showToast(texts.conversation.removed(title), { label: texts.undo, run: undo }, 'plain', id);
}

export function restoreConversation(id: string): void {
  const texts = strings();
  const title = titleOf(id);
  void attempt(conversationService.restore(id)).then((done) => done && showToast(texts.conversation.restored(title), null, 'plain', id));
}

/** Goes away from a conversation that is open; the answer is the way back to it, for as long as nothing else was opened. */
function leave(id: string): (() => void) | null {
  if (currentRoute().conversationId !== id) return null;
  navigate({ conversationId: null });
  return () => {
    if (currentRoute().conversationId === null) navigate({ conversationId: id });
  };
}
