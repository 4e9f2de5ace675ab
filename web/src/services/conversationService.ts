import type { ApiClient, ConversationPatch, MessagePage } from '../api/client';
import { ApiProblem, ServerUnreachable } from '../api/errors';
import type { Conversation, ModelConfig, StoredMessage } from '../api/types';
import type { Environment } from '../core/ids';
import { type Message, newerCopy } from '../core/messages';
import { changeConversation, changeList, changeThread, forgetThreads, putConversations, putMessages } from '../state/actions';
import { emptyThread, type ListKind, type Store, type Thread } from '../state/store';
import type { NewConversation } from './persistenceService';

const LIST_PAGE = 60;
const MESSAGE_PAGE = 60;
const OLDER_PAGE = 200;

/** When to look again for a title that the server makes in the background, in milliseconds after the answer. */
const TITLE_LOOKS_MS = [0, 2_000, 6_000];

/** How many conversations' messages are kept besides the open one; others are read again when they are opened. */
const KEPT_THREADS = 20;

const FILTERS: Record<ListKind, { archived?: boolean; trashed?: boolean }> = {
  main: { archived: false, trashed: false },
  archived: { archived: true, trashed: false },
  trash: { trashed: true },
};

/** What this device has of conversations: copies of what the server has, and what is not saved yet. */
export interface Copies {
  /** Resolves when what is not saved is known. */
  ready: Promise<void>;
  putConversations(conversations: readonly Conversation[]): void;
  putMessages(conversationId: string, messages: readonly StoredMessage[]): void;
  messages(conversationId: string): Promise<StoredMessage[]>;
  /** Messages of this device that the server does not have, in the order in which they were queued. */
  unsaved(conversationId: string): Message[];
  /** Has the conversation put into the trash, or taken out, after everything that this tab has queued for it; resolves when the device keeps that. */
  queueMove(id: string, conversationId: string, type: TrashMove, create: NewConversation | undefined): Promise<void>;
}

export type TrashMove = 'trash' | 'restore';

/** Where there is no device to keep copies. */
export const noCopies: Copies = {
  ready: Promise.resolve(),
  putConversations: () => undefined,
  putMessages: () => undefined,
  messages: async () => [],
  unsaved: () => [],
  queueMove: () => Promise.reject(new ServerUnreachable()),
};

/**
 * The life of conversations: lists, opening, creating, changing, the trash.
 *
 * Changes show at once and are taken back when the server refuses them; the caller learns it from the rejected promise.
 */
export class ConversationService {
  private readonly api: ApiClient;
  private readonly store: Store;
  private readonly environment: Environment;
  private readonly copies: Copies;
  /** Conversations that this page has made and the server may not know yet. */
  private readonly uncreated = new Map<string, { config: ModelConfig; traceparent?: string; request: Promise<void> | null }>();

  /** How many changes of this page's own are under way, by conversation. */
  private readonly changing = new Map<string, number>();

  /** Changed by somebody else while a change of this page's own was under way. */
  private readonly heardMeanwhile = new Set<string>();

  /** Moves into the trash and out of it that are queued on this device: which conversation, by the id of the item. */
  private readonly moves = new Map<string, string>();

  /** Lists that are to be read again when the reading that is under way has ended: it may be older. */
  private readonly staleLists = new Set<ListKind>();

  /** Conversations whose newest messages are being read, and whether they are to be read again then. */
  private readonly opening = new Map<string, { request: Promise<void>; isStale: boolean }>();

  /** Conversations in the order in which they were opened, the newest last. */
  private readonly opened = new Set<string>();

  /** What this page has begun: a list that was asked for earlier may not have it yet. */
  private readonly begun = new Set<string>();
  private readonly olderRequests = new Map<string, Promise<void>>();

  /** Is called when a conversation's newest messages were read. */
  onOpened: (id: string) => void = () => undefined;

  constructor(api: ApiClient, store: Store, environment: Environment, copies: Copies = noCopies) {
    this.api = api;
    this.store = store;
    this.environment = environment;
    this.copies = copies;
  }

  /** Makes a conversation with an id of this page's own, shows it, and starts creating it on the server, in the trace of what is said first in it. */
  begin(config: ModelConfig, titleCut: string, traceparent?: string): string {
    const id = this.environment.newId();
    const now = this.environment.now().toISOString();
    const conversation: Conversation = {
      id,
      title: titleCut || null,
      titleSource: titleCut ? 'cut' : 'none',
      config,
      archived: false,
      pinned: false,
      trashedAt: null,
      lastSeq: 0,
      createdAt: now,
      // Before any time of the server's, whatever this device's clock says.
      updatedAt: '',
      lastMessageAt: now,
    };
    putConversations(this.store, [conversation]);
    this.copies.putConversations([conversation]);
    changeThread(this.store, id, { status: 'ready' });
    this.begun.add(id);
    this.uncreated.set(id, { config, traceparent, request: null });
    // A failure here is not lost: whoever needs the conversation on the server asks for it again.
    this.ensureCreated(id).catch(() => undefined);
    return id;
  }

  /** Resolves when the server knows the conversation. It is made in the trace in which it was begun, or in that of whoever needs it. */
  ensureCreated(id: string, traceparent?: string): Promise<void> {
    const pending = this.uncreated.get(id);
    if (!pending) return Promise.resolve();
    pending.request ??= this.api
      .within(pending.traceparent ?? traceparent)
      .createConversation({ id, config: pending.config })
      .then(() => {
        this.uncreated.delete(id);
      })
      .finally(() => {
        pending.request = null;
      });
    return pending.request;
  }

  /** What makes the conversation on the server, where that may not have happened yet. */
  newConversation(id: string): NewConversation | undefined {
    const pending = this.uncreated.get(id);
    return pending && { config: { ...pending.config } };
  }

  /** Something of the conversation is saved: the server has it. */
  isCreated(id: string): void {
    this.uncreated.delete(id);
    this.lookAgainIfGone(id);
  }

  /** A conversation of which this device has something that is not saved; `create` where the server may not know it. */
  adopt(id: string, create: NewConversation | undefined, at: number): void {
    this.begun.add(id);
    if (create && !this.uncreated.has(id)) this.uncreated.set(id, { config: (create.config ?? {}) as ModelConfig, request: null });
    if (create && !(id in this.store.getState().conversations)) {
      const time = new Date(at).toISOString();
      const title = { title: create.title ?? null, titleSource: create.title ? 'cut' : 'none' } as const;
      const flags = { archived: false, pinned: false, trashedAt: null, lastSeq: 0 };
      putConversations(this.store, [{ id, ...title, ...flags, config: (create.config ?? {}) as ModelConfig, createdAt: time, updatedAt: '', lastMessageAt: time }]);
    }
    const thread = this.store.getState().threads[id];
    if (thread && thread.status !== 'ready') void this.showCopy(id);
  }

  /** Shows copies of conversations, where nothing newer is known. */
  takeCopies(copies: readonly Conversation[]): void {
    const known = this.store.getState().conversations;
    putConversations(
      this.store,
      copies.filter(({ id, updatedAt }) => !(id in known) || known[id]!.updatedAt <= updatedAt),
    );
  }

  /** Keeps copies of what the server told, for times when it cannot be asked. */
  remember(messages: readonly StoredMessage[]): void {
    const whole = messages.filter(({ status }) => status !== 'running');
    if (whole.length > 0) this.copies.putMessages(whole[0]!.conversationId, whole);
  }

  /** Reads the first page of a list, or the next one. What is asked for while the list is being read is read again afterwards. */
  async loadList(kind: ListKind, options: { more?: boolean } = {}): Promise<void> {
    const { status, next } = this.store.getState().lists[kind];
    if (status === 'loading' && !options.more) this.staleLists.add(kind);
    if (status === 'loading' || (options.more && next === null)) return;
    changeList(this.store, kind, { status: 'loading' });
    try {
      const page = await this.api.listConversations({ ...FILTERS[kind], limit: LIST_PAGE, cursor: options.more ? (next ?? undefined) : undefined });
      if (!options.more) this.forgetMissing(kind, page.conversations, page.next === null);
      this.putFresh(...page.conversations);
      changeList(this.store, kind, { status: 'ready', next: page.next });
    } catch (error) {
      this.staleLists.delete(kind);
      changeList(this.store, kind, { status: 'failed' });
      throw error;
    }
    if (this.staleLists.delete(kind)) await this.loadList(kind);
  }

  /** Opens a conversation at its end, for somebody who looks at it. */
  open(id: string): Promise<void> {
    this.opened.delete(id);
    this.opened.add(id);
    return this.catchUp(id);
  }

  /**
   * Reads a conversation's settings and its newest page of messages. Whoever asks for it while it is being read gets a reading that
   * began later.
   */
  catchUp(id: string): Promise<void> {
    if (this.uncreated.has(id)) return this.showCopy(id);
    const under = this.opening.get(id);
    if (under) {
      under.isStale = true;
      return under.request;
    }
    const opening = { request: this.read(id).finally(() => this.opening.delete(id)), isStale: false };
    this.opening.set(id, opening);
    return opening.request;
  }

  private async read(id: string): Promise<void> {
    for (;;) {
      await this.readNewest(id);
      const opening = this.opening.get(id);
      if (!opening?.isStale) return;
      opening.isStale = false;
    }
  }

  private async readNewest(id: string): Promise<void> {
    const known = this.store.getState().threads[id];
    const isNew = !known || known.status !== 'ready';
    if (isNew) changeThread(this.store, id, { status: 'loading' });
    const copy = isNew ? this.showCopy(id) : Promise.resolve();
    try {
      const [conversation, page] = await Promise.all([this.api.getConversation(id), this.api.listMessages(id, { order: 'newest', limit: MESSAGE_PAGE })]);
      this.putFresh(conversation);
      this.remember(page.messages);
      changeThread(this.store, id, (thread) => mergeNewestPage(thread, page, this.copies.unsaved(id)));
      this.forgetLongUnused();
      this.onOpened(id);
    } catch (error) {
      // What this device has is shown first: also a conversation that only it has.
      await copy;
      await this.copies.ready;
      if (this.uncreated.has(id)) return this.showCopy(id);
      const missing = error instanceof ApiProblem && error.problem.status === 404;
      changeThread(this.store, id, ({ status, messages }) => {
        // What this device has stays readable, whatever the server says.
        if (status === 'ready' && messages.size > 0) return missing ? { isGone: true, isCopy: true } : {};
        return status === 'ready' && !missing ? {} : { status: missing ? 'missing' : 'failed' };
      });
      if (!missing) throw error;
    }
  }

  /** Shows what this device has of a conversation until the server has told. */
  private async showCopy(id: string): Promise<void> {
    await this.copies.ready;
    const copied = await this.copies.messages(id).catch(() => []);
    const own = this.copies.unsaved(id);
    const thread = this.store.getState().threads[id] ?? emptyThread;
    if (thread.status === 'ready' || (copied.length === 0 && own.length === 0)) return;
    const messages = new Map<string, Message>(copied.map((message) => [message.id, message]));
    for (const message of [...own, ...thread.messages.values()]) if (!messages.has(message.id)) messages.set(message.id, message);
    changeThread(this.store, id, { status: 'ready', messages, older: null, isCopy: !this.uncreated.has(id) });
    this.onOpened(id);
  }

  /** Reads one older page of messages. Callers that ask while a page is on its way share it. */
  loadOlder(id: string): Promise<void> {
    const under = this.olderRequests.get(id);
    if (under) return under;
    const cursor = this.store.getState().threads[id]?.older;
    if (!cursor) return Promise.resolve();
    const request = this.readOlder(id, cursor);
    this.olderRequests.set(id, request);
    return request;
  }

  private async readOlder(id: string, cursor: string): Promise<void> {
    changeThread(this.store, id, { loadingOlder: true });
    try {
      const page = await this.api.listMessages(id, { order: 'newest', limit: OLDER_PAGE, cursor });
      putMessages(this.store, id, page.messages);
      this.remember(page.messages);
      changeThread(this.store, id, { older: page.next });
    } finally {
      // First: whoever sees the change may ask for the next page.
      this.olderRequests.delete(id);
      changeThread(this.store, id, { loadingOlder: false });
    }
  }

  async refresh(id: string): Promise<void> {
    this.putFresh(await this.api.getConversation(id));
  }

  /** Looks for the title that the server makes after the first turn. */
  refreshTitleSoon(id: string): void {
    for (const milliseconds of TITLE_LOOKS_MS) {
      setTimeout(() => {
        if (!this.uncreated.has(id)) this.refresh(id).catch(() => undefined);
      }, milliseconds);
    }
  }

  rename(id: string, title: string): Promise<void> {
    return this.patch(id, { title }, { title, titleSource: 'user' });
  }

  setPinned(id: string, pinned: boolean): Promise<void> {
    return this.patch(id, { pinned }, { pinned });
  }

  setArchived(id: string, archived: boolean): Promise<void> {
    return this.patch(id, { archived }, { archived });
  }

  setConfig(id: string, config: ModelConfig): Promise<void> {
    return this.patch(id, { config }, { config });
  }

  moveToTrash(id: string): Promise<void> {
    return this.move(id, 'trash', () => this.api.deleteConversation(id));
  }

  restore(id: string): Promise<void> {
    return this.move(id, 'restore', () => this.api.restoreConversation(id));
  }

  /** Moves at once; where something of the conversation waits to be sent, or the server is away, the move is queued behind it. */
  private async move(id: string, type: TrashMove, request: () => Promise<Conversation>): Promise<void> {
    const shown = { trashedAt: type === 'trash' ? this.environment.now().toISOString() : null };
    const isWaiting = [...this.store.getState().saves.values()].some(({ conversationId, state }) => conversationId === id && state !== 'failed');
    if (!isWaiting) {
      try {
        return await this.change(id, shown, request);
      } catch (error) {
        if (!(error instanceof ServerUnreachable || (error instanceof ApiProblem && error.isTransient))) throw error;
      }
    }
    const before = this.store.getState().conversations[id]?.trashedAt ?? null;
    const item = this.environment.newId();
    this.isMoved(item, id, shown);
    try {
      await this.copies.queueMove(item, id, type, this.newConversation(id));
    } catch (error) {
      this.moveEnded(item);
      changeConversation(this.store, id, { trashedAt: before });
      throw error;
    }
  }

  /** A move is queued on this device: until it has ended, the conversation is shown where it goes. */
  isMoved(item: string, id: string, shown: Pick<Conversation, 'trashedAt'>): void {
    if (!this.moves.has(item)) this.beginChange(id);
    this.moves.set(item, id);
    changeConversation(this.store, id, shown);
  }

  /** A queued move was done, or will not be: the server tells where the conversation is. */
  moveEnded(item: string): void {
    const id = this.moves.get(item);
    if (id === undefined) return;
    this.moves.delete(item);
    this.heardMeanwhile.add(id);
    this.endChange(id);
  }

  /** Takes what the server tells of itself. While a change of this page's own is under way its answer is awaited instead. */
  hear(conversation: Conversation): void {
    if (!this.uncreated.has(conversation.id)) this.putFresh(conversation);
    this.lookAgainIfGone(conversation.id);
  }

  /** The server has a conversation of which it had said that it has none. */
  private lookAgainIfGone(id: string): void {
    const thread = this.store.getState().threads[id];
    if (thread?.isGone || thread?.status === 'missing') this.catchUp(id).catch(() => undefined);
  }

  /**
   * Copies that are older than the known ones are not taken: answers to requests and the feed overtake each other. Until the server has a
   * title, the cut that this page shows stays.
   */
  private putFresh(...conversations: readonly Conversation[]): void {
    const known = this.store.getState().conversations;
    const isFresh = ({ id, lastSeq, updatedAt }: Conversation) => {
      // What this page changes is not known to an answer that was asked for before; it is asked for once more afterwards.
      if (this.changing.has(id)) this.heardMeanwhile.add(id);
      return !this.changing.has(id) && (!(id in known) || (known[id]!.lastSeq <= lastSeq && known[id]!.updatedAt <= updatedAt));
    };
    const shown = (conversation: Conversation) => (conversation.title === null ? { ...conversation, title: known[conversation.id]?.title ?? null } : conversation);
    const fresh = conversations.filter(isFresh).map(shown);
    putConversations(this.store, fresh);
    this.copies.putConversations(fresh);
  }

  private patch(id: string, patch: ConversationPatch, shown: Partial<Conversation>): Promise<void> {
    return this.change(id, shown, () => this.api.patchConversation(id, patch));
  }

  private async change(id: string, shown: Partial<Conversation>, request: () => Promise<Conversation>): Promise<void> {
    const before = this.store.getState().conversations[id];
    changeConversation(this.store, id, shown);
    this.beginChange(id);
    try {
      await this.ensureCreated(id);
      putConversations(this.store, [await request()]);
    } catch (error) {
      if (before) {
        const taken = Object.fromEntries(Object.keys(shown).map((key) => [key, before[key as keyof Conversation]]));
        changeConversation(this.store, id, taken);
      }
      throw error;
    } finally {
      this.endChange(id);
    }
  }

  private beginChange(id: string): void {
    this.changing.set(id, (this.changing.get(id) ?? 0) + 1);
  }

  private endChange(id: string): void {
    const left = (this.changing.get(id) ?? 1) - 1;
    if (left > 0) this.changing.set(id, left);
    else this.changing.delete(id);
    if (left <= 0 && this.heardMeanwhile.delete(id)) this.refresh(id).catch(() => undefined);
  }

  /** Keeps the messages of the conversations that were opened last, and of those with something unsaved or an answer that is coming. */
  private forgetLongUnused(): void {
    const { answers, saves } = this.store.getState();
    const unsaved = new Set([...saves.values()].map(({ conversationId }) => conversationId));
    const unused = [...this.opened].slice(0, -(KEPT_THREADS + 1)).filter((id) => !(id in answers) && !unsaved.has(id));
    for (const id of unused) this.opened.delete(id);
    forgetThreads(this.store, unused);
  }

  /** Drops conversations that the list should hold by now and does not: they were removed or moved elsewhere. */
  private forgetMissing(kind: ListKind, page: readonly Conversation[], isWhole: boolean): void {
    const present = new Set(page.map((conversation) => conversation.id));
    const oldest = page.at(-1)?.lastMessageAt ?? page.at(-1)?.createdAt ?? '';
    this.store.setState((state) => ({
      conversations: Object.fromEntries(
        Object.entries(state.conversations).filter(([id, conversation]) => {
          if (present.has(id) || this.begun.has(id) || !inList(kind, conversation)) return true;
          return !isWhole && (conversation.lastMessageAt ?? conversation.createdAt) <= oldest;
        }),
      ),
    }));
  }
}

/**
 * Joins the newest page with what is loaded; when messages lie between the two, or what is loaded is a copy, only the page and this
 * device's own unsaved messages stay.
 */
function mergeNewestPage(thread: Thread, page: MessagePage, unsaved: readonly Message[]): Partial<Thread> {
  const loaded = [...thread.messages.values()];
  const newestLoaded = Math.max(0, ...loaded.map((message) => message.seq ?? 0));
  const oldestFresh = page.messages[0]?.seq ?? 0;
  const adjoins = thread.status === 'ready' && thread.isCopy !== true && (newestLoaded === 0 || oldestFresh <= newestLoaded + 1);
  const kept = adjoins ? loaded : loaded.filter((message) => message.seq === null);
  const messages = new Map<string, Message>([...unsaved, ...kept].map((message) => [message.id, message]));
  for (const message of page.messages) messages.set(message.id, newerCopy(messages.get(message.id), message));
  return { status: 'ready', messages, older: adjoins && newestLoaded > 0 ? thread.older : page.next, isCopy: false, isGone: false };
}

/** Whether a conversation belongs into a list. */
export function inList(kind: ListKind, conversation: Conversation): boolean {
  if (conversation.trashedAt !== null) return kind === 'trash';
  return conversation.archived ? kind === 'archived' : kind === 'main';
}
