import type { Account } from './types.js';

/** An access token, and until when it counts by this device's clock. */
export interface HeldToken {
  token: string;
  until: number;
  account: Account;
}

/** What tabs tell each other of a sign-in. Tokens pass from memory to memory, and are written nowhere. */
export type SessionMessage = { type: 'token'; held: HeldToken } | { type: 'left' };

/** Messages of another version come from another build of the page, and are left alone. */
const VERSION = 1;

/** The way from tab to tab, there before anybody's store is. */
export class SessionLink {
  private readonly channel: BroadcastChannel | null;

  constructor(channel: BroadcastChannel | null, hear: (message: SessionMessage) => void) {
    this.channel = channel;
    if (!channel) return;
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = readSessionMessage(data);
      if (message) hear(message);
    };
  }

  /** To all other tabs. */
  post(message: SessionMessage): void {
    this.channel?.postMessage({ version: VERSION, message });
  }

  close(): void {
    if (this.channel) this.channel.onmessage = null;
    this.channel?.close();
  }
}

function readSessionMessage(data: unknown): SessionMessage | null {
  if (!isObject(data) || data.version !== VERSION || !isObject(data.message)) return null;
  const { type, held } = data.message;
  if (type === 'left') return { type };
  if (type !== 'token' || !isObject(held)) return null;
  const { token, until, account } = held;
  if (typeof token !== 'string' || typeof until !== 'number') return null;
  const known = readAccount(account);
  return known && { type, held: { token, until, account: known } };
}

/** An account as the server or another tab tells of it; `null` where it is none. */
export function readAccount(value: unknown): Account | null {
  if (!isObject(value) || typeof value.id !== 'string') return null;
  const text = (field: unknown) => (typeof field === 'string' ? field : '');
  const { id, name, email, role, twoFactor, createdAt } = value;
  return { id, name: text(name), email: text(email), role: text(role), twoFactor: twoFactor === true, createdAt: text(createdAt) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
