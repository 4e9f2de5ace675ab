import { useSyncExternalStore } from 'react';
import { address, placeOf } from './base';

/** Where the page is: a new conversation, or one that exists, perhaps at one of its messages. */
export interface Route {
  conversationId: string | null;
  messageId: string | null;
}

const listeners = new Set<() => void>();
let current = read();

function read(): Route {
  const match = /^\/c\/([0-9a-fA-F-]{36})$/.exec(placeOf(location.pathname));
  return { conversationId: match?.[1]?.toLowerCase() ?? null, messageId: match ? new URLSearchParams(location.search).get('m') : null };
}

function changed(): void {
  current = read();
  for (const listener of listeners) listener();
}

window.addEventListener('popstate', changed);

export function navigate(route: { conversationId: string | null; messageId?: string | null }, options: { replace?: boolean } = {}): void {
  const path = address(route.conversationId ? `/c/${route.conversationId}${route.messageId ? `?m=${encodeURIComponent(route.messageId)}` : ''}` : '/');
  if (path === location.pathname + location.search) {
    changed();
    return;
  }
  if (options.replace) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  changed();
}

export function currentRoute(): Route {
  return current;
}

export function useRoute(): Route {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

/** Lets a plain click stay in the page, and leaves clicks that ask for a new tab to the browser. */
export function isPlainClick(event: { button: number; metaKey: boolean; ctrlKey: boolean; shiftKey: boolean; altKey: boolean }): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}
