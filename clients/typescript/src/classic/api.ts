/** Calls of the native API that are no matter of the outbox. */

import { answerText } from '../answerText.js';
import { randomBytes } from '../environment.js';
import { newTrace } from '../ids.js';
import { parsedObject } from './eventStream.js';

/** No answer of the API is longer, in bytes. */
const MOST_ANSWER_BYTES = 64_000_000;

export interface ApiOptions {
  /** Where the server is; the page's own origin by default. */
  baseUrl?: string;
  /** Added to each request. */
  headers?: () => Record<string, string> | Promise<Record<string, string>>;
  fetch?: typeof fetch;
}

/** The server answered, and its answer is a refusal or a failure of its own. */
export class ApiProblem extends Error {
  readonly status: number;
  /** The server's stable code; `http_error` where it gave none. */
  readonly code: string;
  /** What of the request is meant, where the server says so. */
  readonly field: string | null;

  constructor(status: number, code: string, detail: string, field: string | null = null) {
    super(detail);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** The server could not be reached, or its answer makes no sense. */
export class ServerUnreachable extends Error {
  constructor(options?: ErrorOptions) {
    super('The server cannot be reached.', options);
    this.name = 'ServerUnreachable';
  }
}

export class Api {
  private readonly options: ApiOptions;

  constructor(options: ApiOptions = {}) {
    this.options = options;
  }

  async json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const response = await this.send(method, path, body, signal);
    try {
      return JSON.parse(await answerText(response, MOST_ANSWER_BYTES)) as T;
    } catch (error) {
      throw new ServerUnreachable({ cause: error });
    }
  }

  /** The whole answer, once its status says that it is one. */
  async send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const { baseUrl = '', headers, fetch: send = fetch } = this.options;
    const own = (await headers?.()) ?? {};
    let response: Response;
    try {
      response = await send(baseUrl.replace(/\/+$/, '') + path, {
        method,
        headers: { traceparent: newTrace({ random: randomBytes }), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...own },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ServerUnreachable({ cause: error });
    }
    if (response.ok) return response;
    throw await problemOf(response);
  }
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const problem = parsedObject(await answerText(response, MOST_ANSWER_BYTES).catch(() => '')) ?? {};
  const code = typeof problem.code === 'string' ? problem.code : 'http_error';
  const detail = typeof problem.detail === 'string' ? problem.detail : `The server answered ${response.status}.`;
  return new ApiProblem(response.status, code, detail, typeof problem.field === 'string' ? problem.field : null);
}
