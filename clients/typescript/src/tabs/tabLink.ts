import { LINK_VERSION, type TabMessage } from './messages.js';

interface Envelope {
  version: number;
  message: TabMessage;
}

/** The way from tab to tab. What is posted together is delivered in order. */
export class TabLink {
  private readonly channel: BroadcastChannel | null;
  private readonly listeners = new Set<(message: TabMessage) => void>();

  constructor(channel: BroadcastChannel | null) {
    this.channel = channel;
    if (!channel) return;
    channel.onmessage = ({ data }: MessageEvent<Envelope>) => {
      if (data?.version !== LINK_VERSION) return;
      for (const listener of this.listeners) listener(data.message);
    };
  }

  /** To all other tabs. */
  post(message: TabMessage): void {
    this.channel?.postMessage({ version: LINK_VERSION, message } satisfies Envelope);
  }

  subscribe(listener: (message: TabMessage) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    if (this.channel) this.channel.onmessage = null;
    this.channel?.close();
    this.listeners.clear();
  }
}
