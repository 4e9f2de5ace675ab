import { createClient, type ManentClient } from '@manent/client';
import { accountFetch, isEntrance } from '../account/entrance';
import { ApiClient } from '../api/client';
import type { Conversation, RunState, StoredMessage } from '../api/types';
import { realEnvironment } from '../core/ids';
import { readDraft, writeDraft } from '../state/drafts';
import { owner } from '../state/localValue';
import { installOutboxActions, outboxActions } from '../state/outbox';
import { useStore } from '../state/store';
import { showToast } from '../state/toasts';
import { strings } from '../strings';
import { currentRoute } from '../ui/router';
import { AnswerService } from './answerService';
import { ConnectivityService } from './connectivityService';
import { ConversationService } from './conversationService';
import { Device } from './device';
import { MessageService } from './messageService';
import { OutboxService } from './outboxService';
import { LockedPlaces, unlimitedPlaces } from './streamPlaces';

/** The one place where the services are made and joined. */

/** A page that is still there so long after it was about to be closed stays, in milliseconds. */
const STAYS_AFTER_MS = 2_000;

/** The longest pause before the engine is asked for again, in milliseconds: the network went away before it was here. */
const LONGEST_ENGINE_PAUSE_MS = 5_000;

/** Opens the engine, as often as it takes. Meanwhile the page says that nothing is kept. */
async function openEngine(): Promise<ManentClient> {
  for (let pause = 250; ; pause = Math.min(pause * 2, LONGEST_ENGINE_PAUSE_MS)) {
    try {
      return await createClient({ fetch: accountFetch, databaseName: owner ? `manent-${owner.id}` : undefined });
    } catch (error) {
      console.error(error);
      useStore.setState({ warnings: [{ code: 'refused', detail: strings().saves.noEngine }] });
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

const opening = isEntrance ? new Promise<ManentClient>(() => undefined) : openEngine();
export const device = new Device(opening);

export const api = new ApiClient('', accountFetch);
export const conversationService = new ConversationService(api, useStore, realEnvironment, device);
// Not every address of the page has locks: browsers keep them for safe ones.
const streamPlaces = navigator.locks ? new LockedPlaces(navigator.locks) : unlimitedPlaces;
export const answerService = new AnswerService(api, useStore, conversationService, device, device, realEnvironment, streamPlaces);
export const messageService = new MessageService(useStore, conversationService, answerService, device, realEnvironment);
export const connectivityService = new ConnectivityService(api, useStore, () => {
  device.whenOpen(({ persistence, answers, feed }) => {
    persistence.probeNow();
    answers.probeNow();
    feed.tryNow();
  });
  answerService.serverIsBack();
  lookAgain();
  void loadModels();
});

export async function loadModels(): Promise<void> {
  try {
    useStore.setState({ models: await api.listModels() });
  } catch {
    // The connectivity service knows, and asks again when the server is back.
  }
}

export function installServices(): void {
  conversationService.onOpened = (id) => answerService.takeUp(id);
  messageService.onNotTaken = (conversationId, text, error) => {
    console.error(error);
    // The words are not lost: they go back to where they were written.
    if (readDraft(conversationId) === '') writeDraft(conversationId, text);
    showToast(strings().saves.notTaken, null, 'error');
  };
  api.onSignInNeeded = () => useStore.setState({ signInNeeded: true });
  // Somebody signed in, perhaps in another tab.
  api.onServed = () => {
    if (useStore.getState().signInNeeded) outboxActions().signedInAgain();
  };
  connectivityService.install(window);
  opening.then(
    (client) => {
      useStore.setState({ warnings: [] });
      const checkSignIn = async () => useStore.setState({ models: await api.listModels() });
      client.cache.conversations().then(
        (copies) => conversationService.takeCopies(copies as unknown as Conversation[]),
        () => undefined,
      );
      installOutboxActions(new OutboxService({ client, store: useStore, conversations: conversationService, answers: answerService, checkSignIn, now: Date.now }));
      client.feed.subscribe((event) => {
        if (event.event === 'conversation') conversationService.hear(event.data as unknown as Conversation);
        else if (event.event === 'message') messageService.hear(event.data as unknown as StoredMessage);
        else if (event.event === 'run') messageService.hearRun(event.data as unknown as RunState);
        else lookAgain();
      });
      const { conversationId } = currentRoute();
      if (conversationId !== null && useStore.getState().threads[conversationId]?.status === 'ready') answerService.takeUp(conversationId);
    },
    () => undefined,
  );
  window.addEventListener('beforeunload', (event) => {
    answerService.prepareToLeave();
    // Runs only where the person stays.
    setTimeout(() => answerService.comeBack(), STAYS_AFTER_MS);
    if (wouldLose()) event.preventDefault();
  });
  window.addEventListener('focus', () => {
    if (useStore.getState().signInNeeded) outboxActions().signedInAgain();
  });
  window.addEventListener('pagehide', () => answerService.leave());
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) answerService.comeBack();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') lookAgain();
  });
  conversationService.loadList('main').catch(() => undefined);
  void loadModels();
}

/** Whether closing the page would lose something: what this device does not hold durably. */
function wouldLose(): boolean {
  const { queue, saves } = useStore.getState();
  const states = [...saves.values()];
  return queue?.storage === 'memory' ? states.length > 0 : states.some(({ state }) => state === 'storing');
}

/** Other tabs and devices may have gone on while nobody looked here. */
function lookAgain(): void {
  conversationService.loadList('main').catch(() => undefined);
  const { conversationId } = currentRoute();
  if (conversationId !== null && !(conversationId in useStore.getState().answers)) conversationService.open(conversationId).catch(() => undefined);
}
