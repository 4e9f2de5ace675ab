import { Listeners } from '../listeners.js';
import { LINK_VERSION, type TabMessage } from './messages.js';
import { readTabMessage } from './reading.js';

interface Envelope {
  version: number;
  message: TabMessage;
}

/** The way from tab to tab. What is posted together is delivered in order. */
export class TabLink {
  private readonly channel: BroadcastChannel | null;
  private readonly listeners = new Listeners<TabMessage>();

  constructor(channel: BroadcastChannel | null) {
    this.channel = channel;
    if (!channel) return;
    channel.onmessage = ({ data }: MessageEvent<Partial<Envelope> | null>) => {
      if (data?.version !== LINK_VERSION) return;
      const message = readTabMessage(data.message);
      if (message) this.listeners.tell(message);
    };
  }

  /** To all other tabs. */
  post(message: TabMessage): void {
    this.channel?.postMessage({ version: LINK_VERSION, message } satisfies Envelope);
  }

  subscribe(listener: (message: TabMessage) => void): () => void {
    return this.listeners.add(listener);
  }

  close(): void {
    if (this.channel) this.channel.onmessage = null;
    this.channel?.close();
    this.listeners.clear();
  }
}
