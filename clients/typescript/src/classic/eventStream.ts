/** One event of a `text/event-stream`. */
export interface ServerSentEvent {
  event: string;
  data: string;
  /** Its own; empty where it has none. */
  id: string;
}

/** The largest event that is taken, in characters. */
const MOST_CHARACTERS = 4 * 1024 * 1024;

/** An event that has no end, as far as anybody waits for it. */
export class EventTooLarge extends TypeError {}

/** The events of an answer's body until it ends; rejects when it breaks off. `onChunk` hears of all that comes, be it an event or not. */
export async function* eventsOf({ body }: Response, onChunk?: () => void): AsyncGenerator<ServerSentEvent, void, void> {
  const reader = body?.getReader();
  const events = new EventStreamReader();
  try {
    for (;;) {
      const chunk = await reader?.read();
      if (!chunk?.value) return;
      onChunk?.();
      yield* events.push(chunk.value);
    }
  } finally {
    reader?.cancel().catch(() => undefined);
  }
}

/** Turns the chunks of an event stream into events, wherever the chunks are cut. What the stream's end cuts off is never given out. */
export class EventStreamReader {
  private readonly decoder = new TextDecoder();
  private text = '';
  private event = '';
  private data: string[] = [];
  private dataLength = 0;
  private id = '';

  /** @throws {EventTooLarge} a `TypeError`, as for a broken connection. */
  push(bytes: Uint8Array): ServerSentEvent[] {
    const leftOver = this.text.length;
    this.text += this.decoder.decode(bytes, { stream: true });
    const events: ServerSentEvent[] = [];
    const lineEnd = /\r\n|\r(?!$)|\n/g;
    // What is left over has no end of a line in it, but for its last character.
    lineEnd.lastIndex = Math.max(0, leftOver - 1);
    for (;;) {
      const end = lineEnd.exec(this.text);
      if (!end) {
        if (this.text.length + this.dataLength > MOST_CHARACTERS) throw new EventTooLarge('An event of the stream is too large.');
        return events;
      }
      const event = this.line(this.text.slice(0, end.index));
      if (event) events.push(event);
      this.text = this.text.slice(end.index + end[0].length);
      lineEnd.lastIndex = 0;
    }
  }

  private line(line: string): ServerSentEvent | null {
    if (line === '') {
      const event = this.data.length > 0 ? { event: this.event || 'message', data: this.data.join('\n'), id: this.id } : null;
      this.event = '';
      this.id = '';
      this.data = [];
      this.dataLength = 0;
      return event;
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    if (field === 'data') {
      this.data.push(value);
      this.dataLength += value.length + 1;
    }
    return null;
  }
}

/** An event's data, if it is a JSON object. */
export function parsedObject(text: string): Record<string, unknown> | null {
  try {
    const data = JSON.parse(text) as unknown;
    return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
