/** One event of a `text/event-stream`, as the HTML standard defines it. */
export interface ServerSentEvent {
  event: string;
  data: string;
  id: string;
}

/** The largest event that is taken, in characters. */
const MOST_CHARACTERS = 4 * 1024 * 1024;

/**
 * Turns the bytes of an event stream into events, whatever the borders of the chunks: inside a line, inside a
 * line ending, inside a character. Comments are skipped; an event that the stream's end cuts off is never given out.
 */
export class SseParser {
  private readonly decoder = new TextDecoder('utf-8');
  private buffer = '';
  private skipLineFeed = false;
  private event = '';
  private data: string[] = [];
  private dataLength = 0;
  private lastId = '';

  /** Takes the next bytes and gives the events that they complete. Throws a `TypeError`, as for a broken connection, when an event has no end. */
  push(bytes: Uint8Array): ServerSentEvent[] {
    // What is left over has no end of a line in it.
    let from = this.buffer.length;
    this.buffer += this.decoder.decode(bytes, { stream: true });
    const events: ServerSentEvent[] = [];
    let start = 0;
    for (;;) {
      if (this.skipLineFeed && start < this.buffer.length) {
        if (this.buffer[start] === '\n') start += 1;
        this.skipLineFeed = false;
      }
      const end = lineEnd(this.buffer, Math.max(start, from));
      if (end < 0) break;
      this.skipLineFeed = this.buffer[end] === '\r';
      const event = this.line(this.buffer.slice(start, end));
      if (event) events.push(event);
      start = end + 1;
      from = start;
    }
    this.buffer = this.buffer.slice(start);
    if (this.buffer.length + this.dataLength > MOST_CHARACTERS) throw new TypeError('An event of the stream is too large.');
    return events;
  }

  private line(line: string): ServerSentEvent | null {
    if (line === '') return this.dispatch();
    if (line.startsWith(':')) return null;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'event') {
      this.event = value;
    } else if (field === 'data') {
      this.data.push(value);
      this.dataLength += value.length + 1;
    } else if (field === 'id' && !value.includes('\0')) {
      this.lastId = value;
    }
    return null;
  }

  private dispatch(): ServerSentEvent | null {
    const event = this.data.length > 0 ? { event: this.event || 'message', data: this.data.join('\n'), id: this.lastId } : null;
    this.event = '';
    this.data = [];
    this.dataLength = 0;
    return event;
  }
}

function lineEnd(text: string, from: number): number {
  for (let index = from; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 10 || code === 13) return index;
  }
  return -1;
}
