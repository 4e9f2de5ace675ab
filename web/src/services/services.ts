import { ApiClient } from '../api/client';
import { realEnvironment } from '../core/ids';
import { changeThread, putReceipt } from '../state/actions';
import { type Store, useStore } from '../state/store';
import { currentRoute } from '../ui/router';
import { ConnectivityService } from './connectivityService';
import { ConversationService } from './conversationService';
import { DirectPersistenceService } from './directPersistenceService';
import { FeedService } from './feedService';
import { MessageService } from './messageService';
import type { PersistenceService, SaveStatus } from './persistenceService';

/** The one place where the services are made and joined. */

export const api = new ApiClient();
export const conversationService = new ConversationService(api, useStore, realEnvironment);
export const persistenceService: PersistenceService = new DirectPersistenceService({
  append: (messages, options) => api.appendMessages(messages, options),
  ensureConversation: (id) => conversationService.ensureCreated(id),
  delay: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
});
export const messageService = new MessageService(api, useStore, conversationService, persistenceService, realEnvironment);
export const connectivityService = new ConnectivityService(api, useStore, () => {
  void persistenceService.flush();
  messageService.serverIsBack();
  feedService.tryNow();
  conversationService.loadList('main').catch(() => undefined);
  void loadModels();
});

const feedService = new FeedService({
  open: (after) => api.openFeed(after),
  onConversation: (conversation) => conversationService.hear(conversation),
  onMessage: (message) => messageService.hear(message),
  onRun: (run) => messageService.hearRun(run),
  onMissed: () => lookAgain(),
  later: (milliseconds, run) => setTimeout(run, milliseconds),
});

/** A page that is still there so long after it was about to be closed stays, in milliseconds. */
const STAYS_AFTER_MS = 2_000;

export async function loadModels(): Promise<void> {
  try {
    useStore.setState({ models: await api.listModels() });
  } catch {
    // The connectivity service knows, and asks again when the server is back.
  }
}

export function installServices(): void {
  conversationService.onOpened = (id) => messageService.takeUp(id);
  connectivityService.install(window);
  persistenceService.subscribe((status) => recordSave(useStore, status));
  window.addEventListener('beforeunload', (event) => {
    messageService.prepareToLeave();
    // Runs only where the person stays.
    setTimeout(() => messageService.comeBack(), STAYS_AFTER_MS);
    const { queued, sending, waiting } = persistenceService.getQueueStatus();
    if (queued + sending + waiting > 0) event.preventDefault();
  });
  window.addEventListener('pagehide', () => {
    messageService.leave();
    persistenceService.handOver();
  });
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) messageService.comeBack();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') lookAgain();
  });
  conversationService.loadList('main').catch(() => undefined);
  void loadModels();
  feedService.install(document);
}

/** Other tabs and devices may have gone on while nobody looked here. */
function lookAgain(): void {
  conversationService.loadList('main').catch(() => undefined);
  const { conversationId } = currentRoute();
  if (conversationId !== null && !(conversationId in useStore.getState().answers)) conversationService.open(conversationId).catch(() => undefined);
}

/** Keeps each unsaved message's state where the page sees it; a saved one needs none. */
function recordSave(store: Store, status: SaveStatus): void {
  store.setState((state) => {
    const saves = { ...state.saves };
    if (status.state === 'saved') delete saves[status.messageId];
    else saves[status.messageId] = { conversationId: status.conversationId, state: status.state, reason: status.reason, until: null, since: saves[status.messageId]?.since ?? Date.now(), mayBeSent: true };
    return { saves };
  });
  if (status.state !== 'saved' || status.seq === null) return;
  putReceipt(store, status.messageId, null);
  changeThread(store, status.conversationId, (thread) => {
    const message = thread.messages.get(status.messageId);
    if (!message) return {};
    return { messages: new Map(thread.messages).set(message.id, { ...message, seq: status.seq, storedAt: new Date().toISOString() }) };
  });
}
