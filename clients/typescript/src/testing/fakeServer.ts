/** A server for tests: creates conversations and stores messages as the API says, lanes and outcomes included. */

interface SentItem {
  id: string;
  conversationId: string;
  deviceSeq: number;
  parentId?: string | null;
  [field: string]: unknown;
}

export interface SeenRequest {
  path: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  keepalive: boolean;
}

/** What a test lets the network do to a request. */
export type Behaviour = 'answer' | 'unreachable' | 'answerLost' | 'hang' | Response;

export class FakeServer {
  readonly requests: SeenRequest[] = [];
  readonly conversations = new Set<string>();
  /** The ids of the stored messages, in order, by conversation. */
  readonly stored = new Map<string, string[]>();
  readonly contents = new Map<string, unknown>();
  readonly rejected = new Map<string, string>();
  /** Asked for each request; the network does what it says. */
  behave: (request: SeenRequest) => Behaviour = () => 'answer';
  private readonly lanes = new Map<string, number>();
  private readonly feeds = new Set<ReadableStreamDefaultController<Uint8Array>>();

  readonly fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const text = typeof init.body === 'string' ? init.body : new TextDecoder().decode(init.body as Uint8Array | undefined);
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    const request = { path: String(url), headers: init.headers as Record<string, string>, body, keepalive: init.keepalive ?? false };
    this.requests.push(request);
    const behaviour = this.behave(request);
    if (behaviour instanceof Response) return behaviour;
    if (behaviour === 'unreachable') throw new TypeError('fetch failed');
    if (behaviour === 'hang') {
      return new Promise((_resolve, reject) => init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))));
    }
    const response = this.answer(request);
    if (behaviour === 'answerLost') throw new TypeError('fetch failed');
    return response;
  };

  storedIn(conversationId: string): string[] {
    return this.stored.get(conversationId) ?? [];
  }

  requestsTo(path: string): SeenRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  /** Tells those who read the feed. */
  tell(event: string, data: Record<string, unknown>): void {
    for (const feed of this.feeds) feed.enqueue(new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  }

  private answer({ path, body }: SeenRequest): Response {
    if (path.startsWith('/feed')) {
      let feed: ReadableStreamDefaultController<Uint8Array>;
      const start = (controller: typeof feed) => void this.feeds.add((feed = controller));
      return new Response(new ReadableStream({ start, cancel: () => void this.feeds.delete(feed) }), { headers: { 'content-type': 'text/event-stream' } });
    }
    if (path === '/conversation/create') {
      const id = body.id as string;
      const isNew = !this.conversations.has(id);
      this.conversations.add(id);
      return Response.json({ id, title: body.title ?? null }, { status: isNew ? 201 : 200 });
    }
    if (path !== '/message/append') return new Response('<html>not here</html>', { status: 404 });
    const device = body.deviceId as string;
    const gone = new Set<string>();
    return Response.json({ results: (body.messages as SentItem[]).map((item) => this.append(device, item, gone)) });
  }

  private append(device: string, item: SentItem, refused: Set<string>): Record<string, unknown> {
    const { id, conversationId, deviceSeq } = item;
    const lane = `${device}/${conversationId}`;
    const applied = this.lanes.get(lane) ?? 0;
    const messages = this.storedIn(conversationId);
    if (messages.includes(id)) {
      if (deviceSeq === applied + 1) this.lanes.set(lane, deviceSeq);
      return { id, outcome: 'duplicate', seq: messages.indexOf(id) + 1 };
    }
    if (deviceSeq <= applied) return { id, outcome: 'conflict', code: 'device_seq_taken' };
    if (deviceSeq > applied + 1) return { id, outcome: 'gap', expectedDeviceSeq: applied + 1 };
    this.lanes.set(lane, deviceSeq);
    if (item.parentId && refused.has(item.parentId)) {
      refused.add(id);
      return { id, outcome: 'blocked', code: 'parent_refused' };
    }
    const isParentThere = !item.parentId || messages.includes(item.parentId);
    const code = this.rejected.get(id) ?? (isParentThere ? undefined : 'parent_unknown');
    if (code) {
      refused.add(id);
      return { id, outcome: 'rejected', code, detail: 'The test wants it so.' };
    }
    this.stored.set(conversationId, [...messages, id]);
    this.contents.set(id, item.content);
    return { id, outcome: 'stored', seq: messages.length + 1 };
  }
}
