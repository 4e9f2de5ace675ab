import type { Environment } from '../environment.js';
import type { IndexedDbStore } from '../store/indexedDbStore.js';
import type { ReadCache } from '../types.js';

/** How much is kept; the least recently used goes first. */
export const MOST_CONVERSATIONS = 500;
export const MOST_THREADS = 60;
/** The newest of a conversation, and so many characters of JSON. */
export const MOST_MESSAGES = 1_000;
const MOST_CHARACTERS = 2_000_000;

type Copy = Record<string, unknown>;

/** Hears of every message that is put here. */
type OnMessages = (messages: readonly Copy[]) => void;

/**
 * Copies of what the server has, beside the outbox. A copy is worth less than the outbox: where the device has no room, it is left out, without a
 * word. Writes follow each other in the order in which they were asked for.
 */
export class IndexedDbReadCache implements ReadCache {
  private readonly store: IndexedDbStore;
  private readonly environment: Pick<Environment, 'now'>;
  private readonly onMessages: OnMessages;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(store: IndexedDbStore, environment: Pick<Environment, 'now'>, onMessages: OnMessages = () => undefined) {
    this.store = store;
    this.environment = environment;
    this.onMessages = onMessages;
  }

  putConversations(conversations: readonly Copy[]): void {
    this.inTurn(async () => {
      const database = await this.store.connection();
      const transaction = database.transaction('cached_conversations', 'readwrite', { durability: 'relaxed' });
      const usedAt = this.environment.now();
      for (const conversation of conversations) if (typeof conversation.id === 'string') void transaction.store.put({ id: conversation.id, usedAt, conversation });
      let surplus = (await transaction.store.count()) - MOST_CONVERSATIONS;
      for (let cursor = surplus > 0 ? await transaction.store.index('usedAt').openCursor() : null; cursor && surplus > 0; surplus -= 1) {
        await cursor.delete();
        cursor = await cursor.continue();
      }
      await transaction.done;
    });
  }

  putMessages(conversationId: string, messages: readonly Copy[]): void {
    this.onMessages(messages);
    this.inTurn(async () => {
      const database = await this.store.connection();
      const transaction = database.transaction('cached_messages', 'readwrite', { durability: 'relaxed' });
      const known = await transaction.store.get(conversationId);
      const newest = mergeMessages(known?.messages ?? [], messages);
      void transaction.store.put({ conversationId, usedAt: this.environment.now(), messages: newest });
      let surplus = (await transaction.store.count()) - MOST_THREADS;
      for (let cursor = surplus > 0 ? await transaction.store.index('usedAt').openCursor() : null; cursor && surplus > 0; surplus -= 1) {
        await cursor.delete();
        cursor = await cursor.continue();
      }
      await transaction.done;
    });
  }

  forgetConversation(conversationId: string): void {
    this.inTurn(async () => {
      const database = await this.store.connection();
      const transaction = database.transaction(['cached_conversations', 'cached_messages'], 'readwrite', { durability: 'relaxed' });
      void transaction.objectStore('cached_conversations').delete(conversationId);
      void transaction.objectStore('cached_messages').delete(conversationId);
      await transaction.done;
    });
  }

  async conversations(limit = MOST_CONVERSATIONS): Promise<Copy[]> {
    const all = await this.read(async () => (await this.store.connection()).getAll('cached_conversations'));
    const copies = (all ?? []).map(({ conversation }) => conversation);
    return copies.sort((one, other) => lastTime(other).localeCompare(lastTime(one))).slice(0, limit);
  }

  async messages(conversationId: string): Promise<Copy[]> {
    const found = await this.read(async () => (await this.store.connection()).get('cached_messages', conversationId));
    return found?.messages ?? [];
  }

  clear(): void {
    this.inTurn(async () => {
      const database = await this.store.connection();
      const transaction = database.transaction(['cached_conversations', 'cached_messages'], 'readwrite');
      void transaction.objectStore('cached_conversations').clear();
      void transaction.objectStore('cached_messages').clear();
      await transaction.done;
    });
  }

  private inTurn(work: () => Promise<void>): void {
    this.turn = this.turn.then(work).catch(() => undefined);
  }

  private async read<T>(work: () => Promise<T>): Promise<T | undefined> {
    await this.turn;
    try {
      return await work();
    } catch {
      return undefined;
    }
  }
}

/** For where there is no database: nothing is kept beyond the page's own memory. */
export const noReadCache = (onMessages: OnMessages): ReadCache => ({
  putConversations: () => undefined,
  putMessages: (_conversationId, messages) => onMessages(messages),
  forgetConversation: () => undefined,
  conversations: async () => [],
  messages: async () => [],
  clear: () => undefined,
});

/** Joins two sets of copies: the newest that fit, and always one. What has no place on the server yet is the outbox's. */
export function mergeMessages(known: readonly Copy[], fresh: readonly Copy[]): Copy[] {
  const merged = new Map(known.map((message) => [message.id, message]));
  for (const message of fresh) if (typeof message.seq === 'number') merged.set(message.id, message);
  const newest = [...merged.values()].sort(bySeq).slice(-MOST_MESSAGES);
  let size = 0;
  let first = newest.length;
  while (first > 0) {
    size += JSON.stringify(newest[first - 1]).length;
    if (size > MOST_CHARACTERS && first < newest.length) break;
    first -= 1;
  }
  return newest.slice(first);
}

function bySeq(one: Copy, other: Copy): number {
  return (typeof one.seq === 'number' ? one.seq : 0) - (typeof other.seq === 'number' ? other.seq : 0);
}

function lastTime(conversation: Copy): string {
  const time = conversation.lastMessageAt ?? conversation.createdAt;
  return typeof time === 'string' ? time : '';
}
