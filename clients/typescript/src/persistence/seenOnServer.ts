import { isId } from '../ids.js';
import type { OutboxMessage } from '../types.js';
import type { CommandDesk } from './commandDesk.js';
import type { TabContext } from './tabContext.js';

/** So many of the server's messages are remembered. */
const REMEMBERED = 500;

/**
 * Finds items that the server has although it refused them here: an answer that it stored itself, a refusal that was not the last word.
 *
 * What is not refused is left to its own request, which tells its lane's number as well; the server answers that it has it.
 */
export class SeenOnServer {
  private readonly tab: TabContext;
  private readonly desk: CommandDesk;
  private readonly seen = new Map<string, { conversationId: unknown; seq: number }>();

  constructor(tab: TabContext, desk: CommandDesk) {
    this.tab = tab;
    this.desk = desk;
  }

  /** A message as the server tells of it. */
  hear(message: Record<string, unknown>): void {
    const { id, conversationId, runId, seq, status } = message;
    // An answer that is still being written is told of again at its end.
    if (!isId(id) || typeof seq !== 'number' || status === 'running') return;
    const item = this.tab.writer.board.get(id);
    // An answer's text on the server stands, whatever this device has of it; it may be put into the outbox later.
    if (typeof runId !== 'string' && !(item && isSame(item.message, message))) return;
    this.seen.delete(id);
    this.seen.set(id, { conversationId, seq });
    const [oldest] = this.seen.keys();
    if (this.seen.size > REMEMBERED) this.seen.delete(oldest!);
    this.settle(id);
  }

  /** Has a refused item settled, if the server has it. */
  settle(id: string): void {
    const item = this.tab.writer.board.get(id);
    const place = this.seen.get(id);
    const isRefused = item?.state.state === 'failed' || item?.state.state === 'discarded';
    // Should no tab answer, it is found again when it is read again.
    if (place && isRefused && item.conversationId === place.conversationId) this.desk.have({ do: 'seen', id, seq: place.seq }).catch(() => undefined);
  }
}

function isSame(mine: OutboxMessage, theirs: Record<string, unknown>): boolean {
  const isElsewhere = mine.parentId !== undefined && mine.parentId !== (theirs.parentId ?? null);
  return !isElsewhere && mine.role === theirs.role && textOf(partsOf(mine.content)) === textOf(partsOf(theirs.content));
}

/** Text alone stands for one part. */
const partsOf = (content: unknown): unknown => (typeof content === 'string' ? [{ type: 'text', text: content }] : content);

/** As JSON in which the order of the fields makes no difference. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1))) : part,
  );
}
