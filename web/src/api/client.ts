import { newTrace } from '../core/ids';
import { ApiProblem, isAbort, ServerUnreachable } from './errors';
import type {
  Conversation,
  ModelConfig,
  ModelList,
  Problem,
  SearchHit,
  StoredMessage,
} from './types';

/** How long a plain call may take before it counts as unreachable, in milliseconds. */
const CALL_TIMEOUT_MS = 20_000;

export interface ConversationPage {
  conversations: Conversation[];
  next: string | null;
}

export interface MessagePage {
  messages: StoredMessage[];
  next: string | null;
}

export interface ConversationFilter {
  limit?: number;
  cursor?: string;
  archived?: boolean;
  trashed?: boolean;
  pinned?: boolean;
}

export interface ConversationPatch {
  title?: string;
  config?: ModelConfig;
  archived?: boolean;
  pinned?: boolean;
}

/** Hears of every call whether the server answered at all; the connectivity service listens. */
export type ReachabilityListener = (reachable: boolean) => void;

/** A typed client of the native API. It holds no state but whom to tell about reachability. */
export class ApiClient {
  private readonly baseUrl: string;
  private readonly fetchImplementation: typeof fetch;
  private listener: ReachabilityListener = () => undefined;
  /** The trace of every request; without one each begins its own. */
  private readonly traceparent: string | undefined;

  /** Is called when the server answers that nobody is signed in. */
  onSignInNeeded: () => void = () => undefined;

  /** Is called when the server did what somebody asked who has to be signed in for it. */
  onServed: () => void = () => undefined;

  constructor(baseUrl = '', fetchImplementation: typeof fetch = (input, init) => fetch(input, init)) {
    this.baseUrl = baseUrl;
    this.fetchImplementation = fetchImplementation;
  }

  /** This client within a trace: all else about it is the same, and stays so. */
  within(traceparent: string | undefined): ApiClient {
    return Object.create(this, { traceparent: { value: traceparent } }) as ApiClient;
  }

  onReachability(listener: ReachabilityListener): void {
    this.listener = listener;
  }

  createConversation(body: { id: string; title?: string; config?: ModelConfig }): Promise<Conversation> {
    return this.call('POST', '/conversation/create', { body });
  }

  listConversations(filter: ConversationFilter = {}): Promise<ConversationPage> {
    return this.call('GET', `/conversations${query({ ...filter })}`);
  }

  getConversation(id: string): Promise<Conversation> {
    return this.call('GET', `/conversation/${encodeURIComponent(id)}`);
  }

  patchConversation(id: string, patch: ConversationPatch): Promise<Conversation> {
    return this.call('PATCH', `/conversation/${encodeURIComponent(id)}`, { body: patch });
  }

  deleteConversation(id: string): Promise<Conversation> {
    return this.call('DELETE', `/conversation/${encodeURIComponent(id)}`);
  }

  restoreConversation(id: string): Promise<Conversation> {
    return this.call('POST', `/conversation/${encodeURIComponent(id)}/restore`);
  }

  listMessages(conversationId: string, options: { limit?: number; order?: 'newest'; cursor?: string } = {}): Promise<MessagePage> {
    return this.call('GET', `/conversation/${encodeURIComponent(conversationId)}/messages${query({ ...options })}`);
  }

  search(text: string, options: { limit?: number; cursor?: string; signal?: AbortSignal } = {}): Promise<{ hits: SearchHit[]; next: string | null }> {
    const { signal, ...rest } = options;
    return this.call('GET', `/search${query({ q: text, ...rest })}`, { signal });
  }

  listModels(): Promise<ModelList> {
    return this.call('GET', '/models');
  }

  health(signal?: AbortSignal): Promise<{ status: string }> {
    return this.call('GET', '/healthz', { signal });
  }

  stopRun(runId: string, options: { keepalive?: boolean } = {}): Promise<{ status: string }> {
    return this.call('POST', `/completion/${encodeURIComponent(runId)}/stop`, options);
  }

  /**
   * Opens a stream: the answer's body, unread. Refusals before the first byte are thrown as `ApiProblem`.
   * There is no time-out here: the server watches the provider, and the person can stop.
   */
  async openStream(path: string, body: unknown, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.send('POST', path, { body, signal, accept: 'text/event-stream' });
    if (!response.ok || !response.body) throw await problemOf(response);
    return response.body;
  }

  /** Opens the events of a run after a place in them; `null` when nothing comes after it. */
  async openRun(runId: string, after: string | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array> | null> {
    const path = `/completion/${encodeURIComponent(runId)}${query({ after: after ?? undefined })}`;
    const response = await this.send('GET', path, { signal, accept: 'text/event-stream' });
    if (response.status === 204) return null;
    if (!response.ok || !response.body) throw await problemOf(response);
    return response.body;
  }

  private async call<T>(method: string, path: string, options: { body?: unknown; signal?: AbortSignal; keepalive?: boolean } = {}): Promise<T> {
    const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    const response = await this.send(method, path, { ...options, signal });
    if (!response.ok) throw await problemOf(response);
    try {
      return (await response.json()) as T;
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ServerUnreachable({ cause: error });
    }
  }

  private async send(
    method: string,
    path: string,
    options: { body?: unknown; signal?: AbortSignal; keepalive?: boolean; accept?: string },
  ): Promise<Response> {
    const headers: Record<string, string> = { accept: options.accept ?? 'application/json', traceparent: this.traceparent ?? newTrace() };
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    try {
      const response = await this.fetchImplementation(this.baseUrl + path, {
        method,
        headers,
        body: options.body === undefined ? undefined : JSON.stringify(options.body),
        signal: options.signal,
        keepalive: options.keepalive,
      });
      this.listener(true);
      if (response.status === 401) this.onSignInNeeded();
      else if (response.ok && path !== '/healthz') this.onServed();
      return response;
    } catch (error) {
      if (isAbort(error)) throw error;
      this.listener(false);
      throw new ServerUnreachable({ cause: error });
    }
  }
}

function query(values: Record<string, string | number | boolean | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value !== undefined) parameters.set(key, String(value));
  const text = parameters.toString();
  return text ? `?${text}` : '';
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const fallback: Problem = { status: response.status, code: 'http_error', detail: `The server answered ${response.status}.` };
  try {
    const body = (await response.json()) as Partial<Problem>;
    return new ApiProblem({ ...fallback, ...body, status: response.status });
  } catch {
    return new ApiProblem(fallback);
  }
}
