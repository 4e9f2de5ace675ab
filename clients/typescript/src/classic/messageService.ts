import { browserEnvironment, type Environment } from '../environment.js';
import { newId } from '../ids.js';
import type { ManentClient } from '../types.js';
import { Api, type ApiOptions, ApiProblem, ServerUnreachable } from './api.js';
import { query } from './query.js';
import { eventsOf, parsedObject } from './eventStream.js';

export interface ChatMessage {
  role: 'user' | 'assistant' | 'system' | 'tool';
  content: unknown;
}

export interface CompletionOptions {
  signal?: AbortSignal;
  /** Makes it a run, which goes on when its reader is gone, and to which a reader whose connection broke attaches again. */
  runId?: string;
  /** Has the server store the answer itself; only with `runId`. */
  record?: { conversationId: string; messageId: string; parentId?: string | null };
}

/** An event of a completion as the API describes it; `event` is its name. */
export interface CompletionEvent {
  event: string;
  data: Record<string, unknown>;
}

/** The pauses before the connection to a run is opened again, in milliseconds; after the last one it is given up. */
const ATTACH_PAUSES_MS = [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000];

/** Sending what a person wrote, and streaming what a model answers: two things that do not wait for each other. */
export class MessageService {
  private readonly client: Pick<ManentClient, 'persistence'>;
  private readonly api: Api;
  private readonly environment: Environment;
  /** The last message that was sent here, by conversation. */
  private readonly last = new Map<string, string>();

  constructor(client: Pick<ManentClient, 'persistence'>, options: ApiOptions = {}, environment: Environment = browserEnvironment(options.fetch)) {
    this.client = client;
    this.api = new Api({ ...options, fetch: environment.fetch });
    this.environment = environment;
  }

  /** Queues a person's message; resolves when it is durable on this device. Without a conversation it begins one. */
  async sendMessage(content: unknown, conversationId?: string): Promise<{ messageId: string; conversationId: string }> {
    const conversation = conversationId ?? newId(this.environment);
    const messageId = newId(this.environment);
    const parent = conversationId === undefined ? null : this.last.get(conversation);
    this.last.set(conversation, messageId);
    const message = { id: messageId, role: 'user' as const, content, createdAt: new Date(this.environment.now()).toISOString(), ...(parent === undefined ? {} : { parentId: parent }) };
    try {
      await this.client.persistence.queueMessage(message, conversation, conversationId === undefined ? {} : undefined);
    } catch (error) {
      // What was not taken can be followed by nothing.
      if (this.last.get(conversation) === messageId && parent) this.last.set(conversation, parent);
      else if (this.last.get(conversation) === messageId) this.last.delete(conversation);
      throw error;
    }
    return { messageId, conversationId: conversation };
  }

  /**
   * Streams a completion: ends after its `done` or `error`. Rejects with `ApiProblem` or `ServerUnreachable` when it cannot begin, and with
   * `ServerUnreachable` when the connection breaks for good.
   */
  async *streamCompletion(messages: readonly ChatMessage[], config: Record<string, unknown> = {}, options: CompletionOptions = {}): AsyncGenerator<CompletionEvent, void, void> {
    const { signal, runId, record } = options;
    const place = { id: '' };
    let response = await this.api.send('POST', '/completion/generate', { messages, config, ...(runId === undefined ? {} : { runId }), ...(record ? { record } : {}) }, signal);
    for (let failures = 0; ; ) {
      const before = place.id;
      if (yield* this.read(response, place, signal)) return;
      if (runId === undefined) throw new ServerUnreachable();
      // A connection that brought something was a good one, but for the hurry: connections may break in a row.
      if (place.id !== before) failures = Math.min(failures, 1);
      for (;;) {
        const pause = ATTACH_PAUSES_MS[failures];
        if (pause === undefined) throw new ServerUnreachable();
        failures += 1;
        await new Promise<void>((resolve) => this.environment.later(pause, resolve));
        signal?.throwIfAborted();
        try {
          response = await this.api.send('GET', `/completion/${encodeURIComponent(runId)}${query({ after: place.id || undefined })}`, undefined, signal);
          break;
        } catch (error) {
          const isPassing = error instanceof ServerUnreachable || (error instanceof ApiProblem && (error.status === 429 || error.status >= 500));
          if (!isPassing) throw error;
        }
      }
      if (response.status === 204) return;
    }
  }

  /** Gives a body's events; the answer is whether the end was among them. */
  private async *read(response: Response, place: { id: string }, signal?: AbortSignal): AsyncGenerator<CompletionEvent, boolean, void> {
    try {
      for await (const { event, data, id } of eventsOf(response)) {
        // A server that does not go on after that place tells again what was told.
        if (id !== '' && place.id !== '' && Number(id) <= Number(place.id)) continue;
        if (id !== '') place.id = id;
        const parsed = parsedObject(data);
        if (!parsed) continue;
        yield { event, data: parsed };
        if (event === 'done' || event === 'error') return true;
      }
    } catch (error) {
      if (signal?.aborted || !(error instanceof TypeError)) throw error;
    }
    return false;
  }
}
