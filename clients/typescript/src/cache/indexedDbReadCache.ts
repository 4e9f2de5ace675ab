import type { IndexedDbStore } from '../store/indexedDbStore.js';
import { type ClearableCache, mergeMessages, MOST_CONVERSATIONS, MOST_WITH_MESSAGES, newestFirst } from './readCache.js';

type Copy = Record<string, unknown>;
type Change = { conversations: Map<string, Copy>; messages: Map<string, Copy[]>; forgotten: Set<string>; isCleared: boolean };

/**
 * Copies in the device's database.
 *
 * Changes are written in the background, those that come while one is written together; a device that refuses to store them loses nothing that the
 * server does not have. Reading waits for what was put before.
 */
export class IndexedDbReadCache implements ClearableCache {
  private readonly store: IndexedDbStore;
  private readonly now: () => number;
  private waiting = nothing();
  private writing: Promise<void> | null = null;
  private writes = 0;

  constructor(store: IndexedDbStore, now: () => number) {
    this.store = store;
    this.now = now;
  }

  putConversations(conversations: readonly Copy[]): void {
    for (const conversation of conversations) this.waiting.conversations.set(String(conversation['id']), conversation);
    this.write();
  }

  putMessages(conversationId: string, messages: readonly Copy[]): void {
    this.waiting.messages.set(conversationId, [...(this.waiting.messages.get(conversationId) ?? []), ...messages]);
    this.write();
  }

  forgetConversation(conversationId: string): void {
    this.waiting.conversations.delete(conversationId);
    this.waiting.messages.delete(conversationId);
    this.waiting.forgotten.add(conversationId);
    this.write();
  }

  clear(): void {
    this.waiting = { ...nothing(), isCleared: true };
    this.write();
  }

  async conversations(limit = MOST_CONVERSATIONS): Promise<Copy[]> {
    await this.settled();
    const database = await this.store.connection();
    const rows = await database.getAll('cached_conversations');
    return newestFirst(rows.map(({ conversation }) => conversation)).slice(0, limit);
  }

  async messages(conversationId: string): Promise<Copy[]> {
    await this.settled();
    const database = await this.store.connection();
    return (await database.get('cached_messages', conversationId))?.messages ?? [];
  }

  /** Resolves when what was put so far is written, or was refused. */
  async settled(): Promise<void> {
    while (this.writing) await this.writing;
  }

  private write(): void {
    this.writing ??= this.writeAll().finally(() => {
      this.writing = null;
    });
  }

  private async writeAll(): Promise<void> {
    // What is put in the same turn of the event loop is written together.
    await Promise.resolve();
    while (!isNothing(this.waiting)) {
      const change = this.waiting;
      this.waiting = nothing();
      try {
        await this.apply(change);
      } catch {
        // Copies only: they are read from the server again.
      }
    }
  }

  private async apply({ conversations, messages, forgotten, isCleared }: Change): Promise<void> {
    const database = await this.store.connection();
    const transaction = database.transaction(['cached_conversations', 'cached_messages'], 'readwrite', { durability: 'relaxed' });
    const rows = transaction.objectStore('cached_conversations');
    const threads = transaction.objectStore('cached_messages');
    const usedAt = this.now();
    if (isCleared) await Promise.all([rows.clear(), threads.clear()]);
    for (const id of forgotten) await Promise.all([rows.delete(id), threads.delete(id)]);
    for (const [id, conversation] of conversations) await rows.put({ id, usedAt, conversation });
    for (const [conversationId, more] of messages) {
      const known = (await threads.get(conversationId))?.messages ?? [];
      await threads.put({ conversationId, usedAt, messages: mergeMessages(known, more) });
    }
    this.writes += 1;
    // Now and then is enough: the bounds are there for the disk, not for correctness.
    if (this.writes % 50 === 1) {
      await dropOldest(rows, MOST_CONVERSATIONS);
      await dropOldest(threads, MOST_WITH_MESSAGES);
    }
    await transaction.done;
  }
}

interface Aged {
  count(): Promise<number>;
  delete(key: string): Promise<void>;
  index(name: 'usedAt'): { getAllKeys(query: null, count: number): Promise<string[]> };
}

async function dropOldest(store: Aged, most: number): Promise<void> {
  const surplus = (await store.count()) - most;
  if (surplus <= 0) return;
  for (const key of await store.index('usedAt').getAllKeys(null, surplus)) await store.delete(key);
}

function nothing(): Change {
  return { conversations: new Map(), messages: new Map(), forgotten: new Set(), isCleared: false };
}

function isNothing({ conversations, messages, forgotten, isCleared }: Change): boolean {
  return conversations.size === 0 && messages.size === 0 && forgotten.size === 0 && !isCleared;
}
