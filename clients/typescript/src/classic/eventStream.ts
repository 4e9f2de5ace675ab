/** One event of a `text/event-stream`. */
export interface ServerSentEvent {
  event: string;
  data: string;
  id: string;
}

/** Turns the chunks of an event stream into events, wherever the chunks are cut. What the stream's end cuts off is never given out. */
export class EventStreamReader {
  private readonly decoder = new TextDecoder();
  private text = '';
  private event = '';
  private data: string[] = [];
  private lastId = '';

  push(bytes: Uint8Array): ServerSentEvent[] {
    this.text += this.decoder.decode(bytes, { stream: true });
    const events: ServerSentEvent[] = [];
    for (;;) {
      const end = /\r\n|\r(?!$)|\n/.exec(this.text);
      if (!end) return events;
      const event = this.line(this.text.slice(0, end.index));
      if (event) events.push(event);
      this.text = this.text.slice(end.index + end[0].length);
    }
  }

  private line(line: string): ServerSentEvent | null {
    if (line === '') {
      const event = this.data.length > 0 ? { event: this.event || 'message', data: this.data.join('\n'), id: this.lastId } : null;
      this.event = '';
      this.data = [];
      return event;
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (field === 'event') this.event = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.lastId = value;
    return null;
  }
}
