import { compareMessages, type Message } from './messages';

/** One step of the shown path: a message and where it stands among the messages that share its parent. */
export interface PathItem {
  message: Message;
  /** Ids of all messages with the same parent, oldest first; the message's own is among them. */
  siblings: readonly string[];
  index: number;
}

/** For a parent (its id, or `ROOT`): which of its children is shown. */
export type Choices = Readonly<Record<string, string>>;

/** The key under which the choice among messages without a parent is kept. */
export const ROOT = '';

export function parentKey(message: Pick<Message, 'parentId'>): string {
  return message.parentId ?? ROOT;
}

/**
 * The path to show, from the oldest loaded message to its end.
 *
 * Where nothing is chosen, the child that leads to the newest message is taken. Messages whose parent is not loaded
 * yet begin a path like roots do: loading older pages extends the path upwards and never changes its lower part.
 * But what is not saved and has lost its parent (thrown away, damaged) comes behind what is saved: it must not hide it.
 */
export function activePath(messages: Iterable<Message>, choices: Choices): PathItem[] {
  const ordered = [...messages].sort(compareMessages);
  if (ordered.length === 0) return [];
  const rank = new Map(ordered.map((message, index) => [message.id, index]));
  const places = placesOf(ordered, rank);
  const children = groupByParent(ordered, places);
  const newest = newestDescendant(ordered, places, rank);

  const tops = ordered.filter((message) => !rank.has(places.get(message.id) ?? ROOT));
  const top = newestOf(tops, newest);
  const path: PathItem[] = [];
  let key: string | null = top ? (places.get(top.id) ?? ROOT) : null;
  while (key !== null) {
    const candidates: Message[] = children.get(key) ?? [];
    const chosen: Message | undefined = candidates.find((message) => message.id === choices[key as string]) ?? newestOf(candidates, newest);
    if (!chosen) break;
    const siblings = candidates.map((message) => message.id);
    path.push({ message: chosen, siblings, index: siblings.indexOf(chosen.id) });
    key = chosen.id;
  }
  return path;
}

const known = new WeakMap<ReadonlyMap<string, Message>, { choices: Choices; path: readonly PathItem[] }>();

/** {@link activePath} of what is known of a conversation; found once for each state of it, whoever asks. */
export function shownPath(messages: ReadonlyMap<string, Message>, choices: Choices): readonly PathItem[] {
  const found = known.get(messages);
  if (found?.choices === choices) return found.path;
  const path = activePath(messages.values(), choices);
  known.set(messages, { choices, path });
  return path;
}

/** The path from the first known ancestor down to `leafId`, both included. */
export function pathTo(messages: ReadonlyMap<string, Message>, leafId: string | null): Message[] {
  const path: Message[] = [];
  const seen = new Set<string>();
  for (let id = leafId; id !== null && !seen.has(id); ) {
    const message = messages.get(id);
    if (!message) break;
    seen.add(id);
    path.push(message);
    id = message.parentId;
  }
  return path.reverse();
}

/** The choices that make `messageId` part of the shown path. */
export function choicesLeadingTo(messages: ReadonlyMap<string, Message>, messageId: string): Record<string, string> {
  return Object.fromEntries(pathTo(messages, messageId).map((message) => [parentKey(message), message.id]));
}

/** Whether a message is not saved, and what it follows is nowhere: thrown away, or damaged on the device. */
export function hasLostItsParent({ parentId, seq }: Message, isKnown: (id: string) => boolean): boolean {
  return seq === null && parentId !== null && !isKnown(parentId);
}

/** For each message the key of what it is shown below. */
function placesOf(ordered: readonly Message[], rank: ReadonlyMap<string, number>): Map<string, string> {
  const places = new Map<string, string>();
  let end = ordered.findLast(({ seq }) => seq !== null)?.id;
  for (const message of ordered) {
    const isStray = end !== undefined && hasLostItsParent(message, (id) => rank.has(id));
    const place = isStray ? end! : parentKey(message);
    places.set(message.id, place);
    if (message.seq === null && place === end) end = message.id;
  }
  return places;
}

function groupByParent(ordered: readonly Message[], places: ReadonlyMap<string, string>): Map<string, Message[]> {
  const children = new Map<string, Message[]>();
  for (const message of ordered) {
    const key = places.get(message.id) ?? ROOT;
    const siblings = children.get(key);
    if (siblings) siblings.push(message);
    else children.set(key, [message]);
  }
  return children;
}

/** For each message the rank of the newest message below it (itself included). A parent always ranks before its child. */
function newestDescendant(ordered: readonly Message[], places: ReadonlyMap<string, string>, rank: ReadonlyMap<string, number>): Map<string, number> {
  const newest = new Map(rank);
  for (const message of ordered.toReversed()) {
    const place = places.get(message.id) ?? ROOT;
    const below = newest.get(message.id) ?? 0;
    const above = newest.get(place);
    if (above !== undefined && below > above) newest.set(place, below);
  }
  return newest;
}

function newestOf(candidates: readonly Message[], newest: ReadonlyMap<string, number>): Message | undefined {
  let best: Message | undefined;
  for (const candidate of candidates) {
    if (!best || (newest.get(candidate.id) ?? 0) > (newest.get(best.id) ?? 0)) best = candidate;
  }
  return best;
}
