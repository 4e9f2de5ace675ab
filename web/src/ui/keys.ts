import { messageService } from '../services/services';
import { changeSettings, useSettings } from '../state/settings';
import { changeUi, useUi } from '../state/ui';
import { focusComposer, newChat } from './commands';
import { currentRoute } from './router';

const isApple = /Mac|iPhone|iPad/.test(navigator.platform);

/** The key that goes with letters for commands, as people here call it. */
export const MODIFIER = isApple ? '⌘' : 'Ctrl';

const narrow = window.matchMedia('(max-width: 767px)');

/** Keys that work wherever the focus is. Keys of one field are handled there. */
export function installKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const command = isApple ? event.metaKey : event.ctrlKey;
    const key = event.key.toLowerCase();
    if (command && !event.shiftKey && !event.altKey && key === 'k') {
      event.preventDefault();
      changeUi({ dialog: useUi.getState().dialog === 'palette' ? null : 'palette' });
      return;
    }
    if (useUi.getState().dialog !== null) return;
    if (command && event.shiftKey && key === 'o') {
      event.preventDefault();
      newChat();
    } else if (command && event.shiftKey && key === 's') {
      event.preventDefault();
      toggleSidebar();
    } else if (event.key === 'Escape') {
      onEscape(event);
    } else if (!isTyping(event.target) && !command && !event.altKey) {
      if (event.key === '?') {
        event.preventDefault();
        changeUi({ dialog: 'keys' });
      } else if (event.key === '/') {
        event.preventDefault();
        focusSearch();
      }
    }
  });
}

function onEscape(event: KeyboardEvent): void {
  if (event.shiftKey) {
    event.preventDefault();
    focusComposer();
    return;
  }
  if (useUi.getState().sheetOpen) {
    changeUi({ sheetOpen: false });
    return;
  }
  const { conversationId } = currentRoute();
  if (conversationId !== null) messageService.stop(conversationId);
}

export function toggleSidebar(): void {
  if (narrow.matches) changeUi({ sheetOpen: !useUi.getState().sheetOpen });
  else changeSettings({ sidebarCollapsed: !useSettings.getState().sidebarCollapsed });
}

function focusSearch(): void {
  if (narrow.matches) changeUi({ sheetOpen: true });
  else changeSettings({ sidebarCollapsed: false });
  requestAnimationFrame(() => document.getElementById('search-input')?.focus());
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName));
}
