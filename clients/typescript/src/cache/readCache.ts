import type { ReadCache } from '../types.js';

/** The most conversations that are kept, and of how many of them the messages. */
export const MOST_CONVERSATIONS = 500;
export const MOST_WITH_MESSAGES = 100;

/** The most messages of one conversation, the newest ones, and about how many characters of JSON they may take. */
export const MOST_MESSAGES = 300;
export const MOST_CHARACTERS = 2_000_000;

type Copy = Record<string, unknown>;

/** A cache that can be emptied: somebody signed out. */
export interface ClearableCache extends ReadCache {
  clear(): void;
}

/** The newest messages of a conversation, oldest first, within the bounds; a copy with the same id is replaced. */
export function mergeMessages(known: readonly Copy[], more: readonly Copy[]): Copy[] {
  const byId = new Map<unknown, Copy>(known.map((message) => [message['id'], message]));
  for (const message of more) if (typeof message['seq'] === 'number') byId.set(message['id'], message);
  const ordered = [...byId.values()].sort((left, right) => (left['seq'] as number) - (right['seq'] as number)).slice(-MOST_MESSAGES);
  let characters = 0;
  let from = ordered.length;
  while (from > 0) {
    characters += JSON.stringify(ordered[from - 1]).length;
    // One that is larger than everything allowed would leave nothing to read.
    if (characters > MOST_CHARACTERS && from < ordered.length) break;
    from -= 1;
  }
  return ordered.slice(from);
}

/** For a device without storage: what this tab has read, as long as it lives. */
export class MemoryReadCache implements ClearableCache {
  private readonly known = new Map<string, Copy>();
  private readonly messagesOf = new Map<string, Copy[]>();

  putConversations(conversations: readonly Copy[]): void {
    for (const conversation of conversations) {
      this.known.delete(String(conversation['id']));
      this.known.set(String(conversation['id']), conversation);
    }
    shrink(this.known, MOST_CONVERSATIONS);
  }

  putMessages(conversationId: string, messages: readonly Copy[]): void {
    const merged = mergeMessages(this.messagesOf.get(conversationId) ?? [], messages);
    this.messagesOf.delete(conversationId);
    this.messagesOf.set(conversationId, merged);
    shrink(this.messagesOf, MOST_WITH_MESSAGES);
  }

  forgetConversation(conversationId: string): void {
    this.known.delete(conversationId);
    this.messagesOf.delete(conversationId);
  }

  async conversations(limit = MOST_CONVERSATIONS): Promise<Copy[]> {
    return newestFirst([...this.known.values()]).slice(0, limit);
  }

  async messages(conversationId: string): Promise<Copy[]> {
    return this.messagesOf.get(conversationId) ?? [];
  }

  clear(): void {
    this.known.clear();
    this.messagesOf.clear();
  }
}

/** By the time of the last message. */
export function newestFirst(conversations: Copy[]): Copy[] {
  const time = (conversation: Copy) => String(conversation['lastMessageAt'] ?? conversation['createdAt'] ?? '');
  return conversations.sort((left, right) => (time(left) < time(right) ? 1 : -1));
}

function shrink(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
