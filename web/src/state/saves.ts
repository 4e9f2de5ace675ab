import type { SaveInfo } from './outbox';

/** What a conversation has that is not saved: `failed` where something of it needs a decision. */
export type Unsaved = 'waiting' | 'failed';

/** So many parts; an id belongs to the one that its last two digits name. */
const PARTS = 256;

/** How many messages of a conversation make it `failed`, and how many `waiting`. */
type Counts = Readonly<Record<Unsaved, number>>;

/**
 * Where each message stands that the server does not have, by its id. It is never changed in place: a changed one shares all with the one before
 * but the parts that changed. So a key press costs the same with ten thousand queued messages as with none.
 */
export class Saves {
  static readonly none = new Saves(
    Array.from({ length: PARTS }, () => new Map()),
    new Map(),
  );

  private readonly parts: readonly ReadonlyMap<string, SaveInfo>[];
  private readonly counts: ReadonlyMap<string, Counts>;

  private constructor(parts: readonly ReadonlyMap<string, SaveInfo>[], counts: ReadonlyMap<string, Counts>) {
    this.parts = parts;
    this.counts = counts;
  }

  static of(entries: Iterable<readonly [string, SaveInfo]>): Saves {
    return Saves.none.with(entries);
  }

  get(id: string): SaveInfo | undefined {
    return this.parts[partOf(id)]?.get(id);
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  *values(): Generator<SaveInfo> {
    for (const part of this.parts) yield* part.values();
  }

  /** The same with these entries; `null` takes one out. */
  with(changes: Iterable<readonly [string, SaveInfo | null]>): Saves {
    const parts = [...this.parts];
    const counts = new Map(this.counts);
    const changed = new Map<number, Map<string, SaveInfo>>();
    for (const [id, info] of changes) {
      const place = partOf(id);
      const part = changed.get(place) ?? new Map(this.parts[place]);
      changed.set(place, part);
      parts[place] = part;
      count(counts, part.get(id), -1);
      count(counts, info, 1);
      if (info) part.set(id, info);
      else part.delete(id);
    }
    return new Saves(parts, counts);
  }

  /** The gravest that a conversation holds; nothing of what is under way or was taken back. */
  unsavedIn(conversationId: string): Unsaved | undefined {
    const counts = this.counts.get(conversationId);
    if (!counts) return undefined;
    return counts.failed > 0 ? 'failed' : 'waiting';
  }
}

const partOf = (id: string): number => Number.parseInt(id.slice(-2), 16) % PARTS || 0;

function count(counts: Map<string, Counts>, info: SaveInfo | null | undefined, by: 1 | -1): void {
  // What the person took back lies in the tray and is no trouble of the conversation's.
  if (!info || info.reason?.code === 'withdrawn' || (info.state !== 'failed' && info.state !== 'waiting')) return;
  const before = counts.get(info.conversationId) ?? { failed: 0, waiting: 0 };
  const after = { ...before, [info.state]: before[info.state] + by };
  if (after.failed + after.waiting > 0) counts.set(info.conversationId, after);
  else counts.delete(info.conversationId);
}
