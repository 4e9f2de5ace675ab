import { answerText } from '../answerText.js';
import type { WireSend } from '../engine/wire.js';
import type { Environment } from '../environment.js';

/** What a browser lets requests carry that outlive their page, all together, in bytes; with room for the page's own. */
const KEEPALIVE_BYTES = 60_000;

export interface TransportOptions {
  baseUrl: string;
  headers?: () => Record<string, string> | Promise<Record<string, string>>;
}

/** No answer to what the outbox sends is longer, in bytes. */
const MOST_ANSWER_BYTES = 4_000_000;

/** A server's wish for patience is heard up to here, in milliseconds. */
const MOST_PATIENCE_MS = 3_600_000;

/** An HTTP answer as the engine reads it. */
export interface HttpAnswer {
  status: number;
  retryAfterMs: number | undefined;
  body: string;
}

/** How a request of the engine ended. */
export type Sent = { how: 'append' | 'create'; answer: HttpAnswer } | { how: 'network' | 'aborted' | 'notSent' };

/** Sends the engine's requests. It decides nothing: every answer goes to the engine as it came. */
export class Transport {
  private readonly environment: Environment;
  private readonly options: TransportOptions;
  /** Conversations that this tab saw created. */
  private readonly created = new Set<string>();

  constructor(environment: Environment, options: TransportOptions) {
    this.environment = environment;
    this.options = options;
  }

  /**
   * Makes the conversations that are new, then sends the batch. `isCreated` reads the answer to a create and says whether to go on.
   */
  async send(batch: WireSend, signal: AbortSignal, isCreated: (answer: HttpAnswer) => boolean): Promise<Sent> {
    try {
      if (this.environment.isOffline() && !(await this.isThere(batch.traceparent, signal))) return { how: 'notSent' };
      for (const create of batch.creates) {
        if (this.created.has(create.conversationId)) continue;
        const answer = await this.post('/conversation/create', create.body, create.traceparent, signal);
        if (!isCreated(answer)) return { how: 'create', answer };
        this.created.add(create.conversationId);
      }
      return { how: 'append', answer: await this.post('/message/append', batch.body, batch.traceparent, signal) };
    } catch {
      return signal.aborted ? { how: 'aborted' } : { how: 'network' };
    }
  }

  /** After the server lost its store, or another account signed in, nothing is known to be there. */
  forgetCreated(): void {
    this.created.clear();
  }

  /**
   * The browser says that there is no network. It may be wrong, and a server on this machine needs none: a question without content tells.
   */
  private async isThere(traceparent: string | undefined, signal: AbortSignal): Promise<boolean> {
    try {
      await this.environment.fetch(`${this.options.baseUrl}/healthz`, { signal, cache: 'no-store', ...(traceparent ? { headers: { traceparent } } : {}) });
      return true;
    } catch (error) {
      if (signal.aborted) throw error;
      return false;
    }
  }

  private async post(path: string, body: string, traceparent: string | undefined, signal: AbortSignal): Promise<HttpAnswer> {
    const own = (await this.options.headers?.()) ?? {};
    signal.throwIfAborted();
    const bytes = new TextEncoder().encode(body);
    const response = await this.environment.fetch(this.options.baseUrl + path, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json', ...(traceparent ? { traceparent } : {}), ...own },
      body: bytes,
      signal,
      // A small request is finished even when its page is closed meanwhile.
      keepalive: bytes.length <= KEEPALIVE_BYTES,
    });
    return { status: response.status, retryAfterMs: retryAfterMs(response, this.environment.now()), body: await answerText(response, MOST_ANSWER_BYTES) };
  }
}

/** The header `Retry-After` in milliseconds: seconds, or a date. An hour at most. */
export function retryAfterMs(response: Response, now: number): number | undefined {
  const text = response.headers.get('retry-after')?.trim();
  if (!text) return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1_000 : Math.max(0, Date.parse(text) - now);
  return Number.isNaN(wait) ? undefined : Math.min(wait, MOST_PATIENCE_MS);
}
