import { ApiClient } from '../../api/client';
import type { AppendMessage, CompletionRequest, StoredMessage } from '../../api/types';
import { activePath } from '../../core/messageTree';
import { textOf } from '../../core/messages';
import { changeThread } from '../../state/actions';
import { useStore } from '../../state/store';
import { AnswerService } from '../answerService';
import { type Copies, ConversationService, noCopies } from '../conversationService';
import { MessageService } from '../messageService';
import type { AnswerMemory, AnswerState, PendingAnswer } from '../persistenceService';
import type { StreamPlaces } from '../streamPlaces';

/** The page's services on a server, a device and an outbox that a test holds in its hands. */

/** A stream that the test feeds, so that it decides what has come when. */
export class Feed {
  /** What was asked; nothing for a run that somebody else began. */
  readonly request: CompletionRequest;
  readonly response: Response;
  readonly traceparent: string | null;
  private controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(request: CompletionRequest = { messages: [], config: {} }, signal?: AbortSignal | null, traceparent: string | null = null) {
    this.traceparent = traceparent;
    this.request = request;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.controller = controller;
      },
    });
    signal?.addEventListener('abort', () => this.controller.error(new DOMException('aborted', 'AbortError')));
    this.response = new Response(body);
  }

  send(event: string, data: object, id?: string): void {
    const place = id === undefined ? '' : `id: ${id}\n`;
    this.controller.enqueue(new TextEncoder().encode(`${place}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  }

  breakOff(): void {
    this.controller.error(new TypeError('network error'));
  }
}

/** The device's memory of answers, as the engine keeps it: what is wanted starts at once, and what failed waits until the test wants it again. */
export class Memory implements AnswerMemory {
  readonly wanted = new Map<string, PendingAnswer>();
  private readonly states = new Map<string, AnswerState>();
  private listener: (answer: PendingAnswer, state: AnswerState) => void = () => undefined;

  async want(answer: PendingAnswer): Promise<void> {
    this.wanted.set(answer.runId, answer);
    queueMicrotask(() => this.tell(answer.runId, { state: 'start', attempt: 1 }));
  }

  began(runId: string): void {
    this.states.set(runId, { state: 'running' });
  }

  ended(runId: string): void {
    this.wanted.delete(runId);
    this.states.delete(runId);
  }

  failed(runId: string, { status, code = '' }: { status: number; code?: string }): boolean {
    const isForGood = code.startsWith('provider_') || (status >= 400 && status < 500);
    if (!this.wanted.has(runId) || isForGood) return false;
    queueMicrotask(() => this.tell(runId, { state: 'waiting', reason: { code: 'server_away', detail: '' }, until: null }));
    return true;
  }

  pending(): PendingAnswer[] {
    return [...this.wanted.values()];
  }

  state(runId: string): AnswerState | null {
    return this.states.get(runId) ?? null;
  }

  subscribe(listener: (answer: PendingAnswer, state: AnswerState) => void): () => void {
    this.listener = listener;
    return () => undefined;
  }

  tell(runId: string, state: AnswerState): void {
    const answer = this.wanted.get(runId);
    if (!answer) return;
    this.states.set(runId, state);
    this.listener(answer, state);
  }

  startAll(): void {
    for (const runId of this.wanted.keys()) this.tell(runId, { state: 'start', attempt: 2 });
  }
}

const conversation = (id: string) => ({ id, title: null, titleSource: 'none', config: {}, archived: false, pinned: false, trashedAt: null, lastSeq: 0, createdAt: '', updatedAt: '', lastMessageAt: null });

export function setUp(options: { createFails?: boolean; completionStatus?: number; copies?: Partial<Copies>; places?: StreamPlaces } = {}) {
  const feeds: Feed[] = [];
  const calls: string[] = [];
  const runs: Response[] = [];
  const pages: StoredMessage[][] = [];
  const queued: AppendMessage[] = [];
  let count = 0;
  const api = new ApiClient('', async (input, init) => {
    const path = String(input);
    const body = init?.body ? JSON.parse(String(init.body)) : null;
    if (path === '/completion/generate') {
      if (options.completionStatus) return Response.json({ code: 'provider_auth', detail: 'No.' }, { status: options.completionStatus });
      const feed = new Feed(body, init?.signal, new Headers(init?.headers).get('traceparent'));
      feeds.push(feed);
      return feed.response;
    }
    if (path.startsWith('/completion/')) {
      calls.push(`${init?.method} ${path}`);
      return runs.shift() ?? Response.json({ code: 'run_not_found', detail: 'No.' }, { status: 404 });
    }
    if (path.endsWith('/messages?order=newest&limit=60')) return Response.json({ messages: pages.shift() ?? [], next: null });
    if (path === '/conversation/create' && options.createFails) throw new TypeError('network error');
    return Response.json(conversation(body?.id ?? path.split('/').at(-1)));
  });
  const environment = { newId: () => `id-${(count += 1)}`, newTrace: () => `trace-${(count += 1)}`, now: () => new Date(1_700_000_000_000 + count * 1000) };
  const outbox = { queueMessage: async (message: AppendMessage) => void (queued.some(({ id }) => id === message.id) || queued.push(message)) };
  const memory = new Memory();
  const conversations = new ConversationService(api, useStore, environment, { ...noCopies, ...options.copies });
  const answers = new AnswerService(api, useStore, conversations, outbox, memory, environment, options.places);
  const service = new MessageService(useStore, conversations, answers, outbox, environment);
  const shown = (id: string) => {
    const thread = useStore.getState().threads[id]!;
    return activePath(thread.messages.values(), thread.choices).map(({ message, siblings }) => [message.role, textOf(message.content), message.status, siblings.length]);
  };
  const ended = (id: string) => waitFor(() => !(id in useStore.getState().answers));
  const feed = async (index: number) => {
    await waitFor(() => feeds.length > index);
    return feeds[index]!;
  };
  return { service, answers, memory, outbox, environment, conversations, queued, shown, ended, feed, calls, runs, pages };
}

/** Resolves with the change of the store or the turn of the event loop that makes the condition true. */
export async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 0));
}

export const delta = (text: string) => ({ type: 'text', text });

/** A message of conversation `c` that the server has, below the one before it. */
export const stored = (id: string, seq: number, more: Partial<StoredMessage> = {}): StoredMessage => ({
  id,
  conversationId: 'c',
  parentId: seq === 1 ? null : `m${seq - 1}`,
  seq,
  role: seq % 2 === 1 ? 'user' : 'assistant',
  content: [{ type: 'text', text: `Text ${seq}` }],
  status: 'complete',
  createdAt: '',
  storedAt: '',
  ...more,
});

/** Shows these messages as all of conversation `c`. */
export function load(...messages: StoredMessage[]): void {
  changeThread(useStore, 'c', { status: 'ready', messages: new Map(messages.map((message) => [message.id, message])) });
}
