import { Api, type ApiOptions } from './api.js';
import { query } from './query.js';

export interface Conversation {
  id: string;
  title: string | null;
  config: Record<string, unknown>;
  archived: boolean;
  pinned: boolean;
  trashedAt: string | null;
  lastSeq: number;
  createdAt: string;
  updatedAt: string;
  lastMessageAt: string | null;
}

export interface StoredMessage {
  id: string;
  conversationId: string;
  parentId: string | null;
  seq: number;
  role: 'user' | 'assistant' | 'system' | 'tool';
  content: Record<string, unknown>[];
  status: 'complete' | 'running' | 'stopped' | 'failed' | 'interrupted';
  createdAt: string;
}

/** Conversations on the server. Writing messages is `MessageService`'s. */
export class ConversationService {
  private readonly api: Api;

  constructor(options: ApiOptions = {}) {
    this.api = new Api(options);
  }

  /** Makes a conversation; with an id of one's own a repeat answers the one that is there. */
  create(conversation: { id?: string; title?: string; config?: Record<string, unknown> } = {}): Promise<Conversation> {
    return this.api.json('POST', '/conversation/create', conversation);
  }

  get(id: string): Promise<Conversation> {
    return this.api.json('GET', pathOf(id));
  }

  /** One page, newest first; `next` goes back in as `cursor`. */
  list(filter: { limit?: number; cursor?: string; archived?: boolean; trashed?: boolean; pinned?: boolean } = {}): Promise<{ conversations: Conversation[]; next: string | null }> {
    return this.api.json('GET', `/conversations${query(filter)}`);
  }

  /** One page; see "Conversations" of the API. */
  messages(id: string, page: { limit?: number; after?: number; before?: number; order?: 'newest'; cursor?: string } = {}): Promise<{ messages: StoredMessage[]; next: string | null }> {
    return this.api.json('GET', `${pathOf(id)}/messages${query(page)}`);
  }

  update(id: string, change: { title?: string; config?: Record<string, unknown>; archived?: boolean; pinned?: boolean }): Promise<Conversation> {
    return this.api.json('PATCH', pathOf(id), change);
  }

  /** Into the trash; `restore` takes it out again. */
  delete(id: string): Promise<Conversation> {
    return this.api.json('DELETE', pathOf(id));
  }

  restore(id: string): Promise<Conversation> {
    return this.api.json('POST', `${pathOf(id)}/restore`);
  }
}

const pathOf = (id: string): string => `/conversation/${encodeURIComponent(id)}`;
