import type { ManentClient, OutboxItem } from '@manent/client';
import type { AppendMessage, Conversation, StoredMessage } from '../api/types';
import type { Message } from '../core/messages';
import type { Copies, TrashMove } from './conversationService';
import type { AnswerMemory, AnswerState, NewConversation, Outbox, PendingAnswer } from './persistenceService';

/**
 * The engine in this tab, from the page's first moment on: it is loaded while the page is drawn, and what is asked of it before is done in
 * the same order when it is there.
 */
export class Device implements Outbox, AnswerMemory, Copies {
  readonly ready: Promise<void>;
  private readonly opening: Promise<ManentClient>;
  private client: ManentClient | null = null;
  /** The engine, once all that was asked before it was there is done: from then on it is asked at once. */
  private direct: ManentClient | null = null;

  constructor(opening: Promise<ManentClient>) {
    this.opening = opening;
    this.ready = opening.then(
      (client) => {
        this.client = client;
        queueMicrotask(() => {
          this.direct = client;
        });
      },
      () => undefined,
    );
  }

  /** The engine, when it is there. */
  whenOpen(run: (client: ManentClient) => void): void {
    if (this.direct) run(this.direct);
    else this.opening.then(run, () => undefined);
  }

  async queueMessage(message: AppendMessage, conversationId: string, create?: NewConversation, traceparent?: string): Promise<void> {
    // The device's store begins to write before the page begins to draw.
    const { persistence } = this.direct ?? (await this.opening);
    await persistence.queueMessage({ ...message }, conversationId, create, traceparent);
  }

  async want(answer: PendingAnswer): Promise<void> {
    const { answers } = this.direct ?? (await this.opening);
    await answers.want(answer);
  }

  began(runId: string): void {
    this.whenOpen(({ answers }) => answers.began(runId));
  }

  ended(runId: string): void {
    this.whenOpen(({ answers }) => answers.ended(runId));
  }

  failed(runId: string, failure: { status: number; code?: string; retryAfterMs?: number }): boolean {
    return this.client?.answers.failed(runId, failure) ?? false;
  }

  pending(): PendingAnswer[] {
    return this.client?.answers.pending() ?? [];
  }

  state(runId: string): AnswerState | null {
    return this.client?.answers.state(runId) ?? null;
  }

  subscribe(listener: (answer: PendingAnswer, state: AnswerState) => void): () => void {
    let stop: () => void = () => undefined;
    let isStopped = false;
    this.whenOpen(({ answers }) => {
      if (!isStopped) stop = answers.subscribe(listener);
    });
    return () => {
      isStopped = true;
      stop();
    };
  }

  putConversations(conversations: readonly Conversation[]): void {
    this.whenOpen(({ cache }) => cache.putConversations(conversations.map((conversation) => ({ ...conversation }))));
  }

  putMessages(conversationId: string, messages: readonly StoredMessage[]): void {
    this.whenOpen(({ cache }) => cache.putMessages(conversationId, messages.map((message) => ({ ...message }))));
  }

  async messages(conversationId: string): Promise<StoredMessage[]> {
    const { cache } = await this.opening;
    return (await cache.messages(conversationId)) as unknown as StoredMessage[];
  }

  async queueMove(id: string, conversationId: string, type: TrashMove, create?: NewConversation): Promise<void> {
    const { persistence } = this.direct ?? (await this.opening);
    await persistence.queueMessage({ id, type }, conversationId, create);
  }

  unsaved(conversationId: string): Message[] {
    return shownItems(this.client?.persistence.items() ?? [], conversationId).map(messageOf);
  }
}

/** The items that stand in a conversation: not those that follow one that does not, or that is gone for good. The tray has all of them. */
export function shownItems(items: readonly OutboxItem[], conversationId: string): OutboxItem[] {
  const own = items.filter((item) => item.conversationId === conversationId);
  const ids = new Set(own.map(({ messageId }) => messageId));
  const hangsInTheAir = ({ state, reason }: OutboxItem) => state === 'failed' && reason?.code === 'blocked' && !ids.has(reason.blockedBy ?? '');
  const hidden = new Set(own.filter((item) => !isShown(item) || hangsInTheAir(item)).map(({ messageId }) => messageId));
  for (const { messageId, message } of own) if (message.parentId && hidden.has(message.parentId)) hidden.add(messageId);
  return own.filter(({ messageId }) => !hidden.has(messageId));
}

/** Whether an item is a message that stands in its conversation; one that was taken back or thrown away does not. */
export function isShown({ message, state, reason }: OutboxItem): boolean {
  return message.type === undefined && state !== 'discarded' && !(state === 'failed' && reason?.code === 'withdrawn');
}

/** The message that an item carries. */
export function messageOf({ message, conversationId, queuedAt }: OutboxItem): Message {
  const { id, parentId, role, content, createdAt, status, model, provider, usage } = message as unknown as AppendMessage;
  return {
    id,
    conversationId,
    parentId: parentId ?? null,
    seq: null,
    role,
    content: typeof content === 'string' ? [{ type: 'text', text: content }] : content,
    status: status ?? 'complete',
    createdAt: createdAt ?? new Date(queuedAt).toISOString(),
    storedAt: null,
    ...(model === undefined ? {} : { model }),
    ...(provider === undefined ? {} : { provider }),
    ...(usage === undefined ? {} : { usage }),
  };
}
