import type { ManentClient, OutboxItem, SaveStatus, StorageWarning } from '@manent/client';
import type { Part } from '../api/types';
import { changeThread, putMessages, putReceipt, removeMessage } from '../state/actions';
import type { OutboxActions, SaveInfo } from '../state/outbox';
import { Saves } from '../state/saves';
import type { Store } from '../state/store';
import type { AnswerService } from './answerService';
import type { ConversationService } from './conversationService';
import { isShown, messageOf, shownItems } from './device';

export interface OutboxDependencies {
  client: ManentClient;
  store: Store;
  conversations: ConversationService;
  answers: AnswerService;
  /** Asks the server whether somebody is signed in; rejects when nobody is, or when it cannot be asked. */
  checkSignIn(): Promise<void>;
  now(): number;
}

/**
 * Keeps the page's state in step with the device's outbox, and does what the person decides about what is not saved.
 *
 * What is told in one turn of the event loop reaches the store together: with thousands of queued messages one change is as cheap as a few.
 */
export class OutboxService implements OutboxActions {
  private readonly dependencies: OutboxDependencies;
  private readonly told = new Map<string, SaveStatus>();
  /** Conversations of which this device has or had something that is not saved. */
  private readonly adopted = new Set<string>();

  constructor(dependencies: OutboxDependencies) {
    this.dependencies = dependencies;
    const { client, store } = dependencies;
    const { persistence } = client;
    const items = persistence.items();
    this.adopt(items);
    store.setState({
      saves: Saves.of(items.filter(({ state }) => state !== 'discarded').map((item) => [item.messageId, saveInfo(item, item.queuedAt)])),
      tray: trayOf(items),
      queue: persistence.getQueueStatus(),
    });
    for (const conversationId of new Set(items.map((item) => item.conversationId))) this.showUnsaved(conversationId);
    persistence.subscribe((status) => this.onStatus(status));
    persistence.subscribeStatus((queue) => store.setState({ queue, signInNeeded: queue.isPausedForSignIn }));
    persistence.subscribeWarnings((warning) => this.onWarning(warning));
  }

  async retry(messageId: string, content?: Part[]): Promise<void> {
    const item = this.item(messageId);
    await this.persistence.retry(messageId, content && { ...item.message, content });
    this.reshow(messageId);
    // What had answered the old words stays beside the new answer.
    this.askAgain(item, content !== undefined);
  }

  async moveToNewBranch(messageId: string): Promise<void> {
    const item = this.item(messageId);
    await this.putBelow(item, this.nearestSaved(item.conversationId, item.message.parentId ?? null));
    this.askAgain(item);
  }

  /** Sends a refused item again, below another message. */
  private async putBelow(item: OutboxItem, parentId: string | null): Promise<void> {
    await this.persistence.retry(item.messageId, { ...item.message, parentId });
    this.reshow(item.messageId);
  }

  /** The nearest message on the way up that the server has, and of which no other form waits for a decision here. */
  private nearestSaved(conversationId: string, from: string | null): string | null {
    const { threads, saves } = this.dependencies.store.getState();
    const messages = threads[conversationId]?.messages;
    const parents = new Map(this.persistence.items().map(({ messageId, message }) => [messageId, message.parentId ?? null]));
    const isSaved = (id: string) => (messages?.get(id)?.seq ?? null) !== null && !saves.has(id);
    let id = from;
    while (id !== null && !isSaved(id)) id = messages?.get(id)?.parentId ?? parents.get(id) ?? null;
    return id;
  }

  /** A question that is sent after all gets its answer, unless it has one. */
  private askAgain({ messageId, conversationId, message }: Pick<OutboxItem, 'messageId' | 'conversationId'> & { message: { role?: string; type?: string } }, isAnew = false): void {
    const messages = this.dependencies.store.getState().threads[conversationId]?.messages;
    if (message.role !== 'user' || message.type !== undefined || !messages) return;
    if (!isAnew && [...messages.values()].some(({ parentId }) => parentId === messageId)) return;
    this.dependencies.answers.answer({ conversationId, parentId: messageId });
  }

  async discard(messageId: string): Promise<void> {
    await this.persistence.discard(messageId);
  }

  async undo(messageId: string): Promise<void> {
    await this.persistence.undo(messageId);
    this.reshow(messageId);
  }

  /** Takes a message back. What was written after it is not: it follows the one before then. */
  async withdraw(messageId: string): Promise<void> {
    const { message, conversationId } = this.item(messageId);
    const isChild = (item: OutboxItem) => item.message.parentId === messageId && item.message.type === undefined && item.state !== 'failed' && item.state !== 'discarded';
    const children = this.persistence.items().filter(isChild);
    await this.persistence.withdraw(messageId);
    for (const child of children) {
      if (this.persistence.status(child.messageId)?.state !== 'failed') continue;
      await this.putBelow(child, message.parentId ?? null);
      this.askAgain(child);
    }
    // The answer to the message before had given way to this one.
    const { problems, threads } = this.dependencies.store.getState();
    const before = threads[conversationId]?.messages.get(message.parentId ?? '');
    if (before && children.length === 0 && !(before.id in problems)) this.askAgain({ messageId: before.id, conversationId, message: before });
  }

  async replaceQueued(messageId: string, content: Part[]): Promise<void> {
    const item = this.item(messageId);
    await this.persistence.replace(messageId, { ...item.message, content });
    this.reshow(messageId);
  }

  giveUpAnswer(answerId: string): void {
    this.dependencies.answers.giveUp(answerId);
  }

  tryNow(): void {
    const { persistence, answers, feed } = this.dependencies.client;
    persistence.probeNow();
    answers.probeNow();
    feed.tryNow();
  }

  signedInAgain(): void {
    const { client, store, checkSignIn } = this.dependencies;
    checkSignIn().then(
      () => {
        store.setState({ signInNeeded: false });
        client.persistence.signedIn();
        client.answers.signedIn();
        client.feed.tryNow();
      },
      // The banner stays: the server says that nobody is signed in, or cannot be asked.
      () => undefined,
    );
  }

  items(): OutboxItem[] {
    return this.persistence.items();
  }

  history(messageId: string): ReturnType<OutboxActions['history']> {
    return this.persistence.history(messageId);
  }

  metrics(): ReturnType<OutboxActions['metrics']> {
    return this.persistence.getMetrics();
  }

  private get persistence(): ManentClient['persistence'] {
    return this.dependencies.client.persistence;
  }

  private item(messageId: string): OutboxItem {
    const item = this.persistence.items().find((candidate) => candidate.messageId === messageId);
    if (!item) throw new Error('This message is no longer on this device: it may have been saved meanwhile.');
    return item;
  }

  /** Shows the present words and place of an item in its conversation, where that is loaded. */
  private reshow(messageId: string): void {
    const { store } = this.dependencies;
    const item = this.persistence.items().find((candidate) => candidate.messageId === messageId);
    if (item && isShown(item) && store.getState().threads[item.conversationId]?.status === 'ready') putMessages(store, item.conversationId, [messageOf(item)]);
  }

  /** Shows what is not saved in a conversation that is loaded already. */
  private showUnsaved(conversationId: string): void {
    const { store } = this.dependencies;
    const thread = store.getState().threads[conversationId];
    if (thread?.status !== 'ready') return;
    const missing = shownItems(this.persistence.items(), conversationId).filter(({ messageId }) => !thread.messages.has(messageId));
    if (missing.length > 0) putMessages(store, conversationId, missing.map(messageOf));
  }

  private adopt(items: readonly OutboxItem[]): void {
    const { conversations } = this.dependencies;
    for (const { messageId, conversationId, message, state, create, queuedAt } of items) {
      this.adopted.add(conversationId);
      conversations.adopt(conversationId, create, queuedAt);
      const isMove = (message.type === 'trash' || message.type === 'restore') && state !== 'failed' && state !== 'discarded';
      if (isMove) conversations.isMoved(messageId, conversationId, { trashedAt: message.type === 'trash' ? new Date(queuedAt).toISOString() : null });
    }
  }

  private onStatus(status: SaveStatus): void {
    if (this.told.size === 0) queueMicrotask(() => this.publish());
    this.told.set(status.messageId, status);
  }

  private publish(): void {
    const { store, conversations, now } = this.dependencies;
    const told = [...this.told.values()];
    this.told.clear();
    // Another tab may have begun a conversation, or told late what it has.
    const unknown = new Set(told.filter(({ state, conversationId }) => state !== 'saved' && !this.adopted.has(conversationId)).map(({ conversationId }) => conversationId));
    if (unknown.size > 0) this.adopt(this.persistence.items().filter(({ conversationId }) => unknown.has(conversationId)));
    const before = store.getState().saves;
    const changes: [string, SaveInfo | null][] = [];
    let isTrayChanged = false;
    const strangers = new Set<string>();
    for (const status of told) {
      const known = before.get(status.messageId);
      const isInTray = status.state === 'failed' || status.state === 'discarded';
      isTrayChanged ||= isInTray || known?.state === 'failed' || store.getState().tray.some(({ messageId }) => messageId === status.messageId);
      changes.push([status.messageId, status.state === 'saved' || status.state === 'discarded' ? null : saveInfo(status, known?.since ?? now())]);
      const thread = store.getState().threads[status.conversationId];
      if (status.state !== 'saved' && thread?.status === 'ready' && !thread.messages.has(status.messageId)) strangers.add(status.conversationId);
    }
    store.setState({ saves: before.with(changes), ...(isTrayChanged ? { tray: trayOf(this.persistence.items()) } : {}) });
    for (const status of told) {
      if (status.state === 'saved') this.onSaved(status);
      // While its question needs a decision an answer is not asked for.
      if (status.state === 'failed') this.dependencies.answers.cancelWaitingFor(status.messageId);
      const isGone = status.state === 'discarded' || (status.state === 'failed' && status.reason?.code === 'withdrawn');
      if (isGone) this.unshow(status);
      if (status.state === 'saved') conversations.isCreated(status.conversationId);
      if (status.state === 'saved' || status.state === 'failed' || status.state === 'discarded') conversations.moveEnded(status.messageId);
    }
    for (const conversationId of strangers) this.showUnsaved(conversationId);
  }

  private onSaved({ messageId, conversationId, seq }: SaveStatus): void {
    const { store, now } = this.dependencies;
    putReceipt(store, messageId, null);
    if (seq === null || !store.getState().threads[conversationId]?.messages.has(messageId)) return;
    changeThread(store, conversationId, (thread) => {
      const message = thread.messages.get(messageId);
      if (!message || message.seq !== null) return {};
      return { messages: new Map(thread.messages).set(messageId, { ...message, seq, storedAt: new Date(now()).toISOString() }) };
    });
  }

  /** Takes a message out of its conversation, with what follows it there: it would hang in the air. The tray has all of it. */
  private unshow({ messageId, conversationId }: SaveStatus): void {
    const { store } = this.dependencies;
    const messages = store.getState().threads[conversationId]?.messages;
    if (!messages || messages.get(messageId)?.seq !== null) return;
    const gone = new Set([messageId]);
    for (const { id, parentId, seq } of messages.values()) if (seq === null && parentId !== null && gone.has(parentId)) gone.add(id);
    for (const id of gone) removeMessage(store, conversationId, id);
  }

  private onWarning(warning: StorageWarning): void {
    this.dependencies.store.setState(({ warnings }) => ({ warnings: [...warnings.filter(({ code }) => code !== warning.code), warning] }));
  }
}

function saveInfo({ conversationId, state, reason, until, mayBeSent }: SaveStatus, since: number): SaveInfo {
  return { conversationId, state: state === 'saved' ? 'queued' : state, reason, until, since, mayBeSent };
}

function trayOf(items: readonly OutboxItem[]): OutboxItem[] {
  return items.filter(({ state }) => state === 'failed' || state === 'discarded');
}
