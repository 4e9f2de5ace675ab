import { isId } from '../ids.js';
import type { TabMessage } from './messages.js';

/**
 * What another script says on the channel, if it is something that a tab of this version says.
 *
 * Everything of the same origin can write there; what has another form would be taken for what it is not far from here.
 */
export function readTabMessage(message: unknown): TabMessage | null {
  if (!isObject(message) || typeof message.type !== 'string') return null;
  const check = Object.hasOwn(CHECKS, message.type) ? CHECKS[message.type as TabMessage['type']] : undefined;
  return check?.(message) ? (message as unknown as TabMessage) : null;
}

type Fields = Record<string, unknown>;
type Check = (value: unknown) => boolean;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isFlag: Check = (value) => typeof value === 'boolean';
const isSlot: Check = (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < MOST_SLOTS;
const always: Check = () => true;

const listOf = (check: Check): Check => (value) => Array.isArray(value) && value.every(check);
const orNull = (check: Check): Check => (value) => value === null || check(value);
const orAbsent = (check: Check): Check => (value) => value === undefined || check(value);
const fields = (checks: Record<string, Check>): Check => (value) => isObject(value) && Object.entries(checks).every(([name, check]) => check(value[name]));

/** No browser has more tabs. */
const MOST_SLOTS = 100_000;

const STATES: readonly unknown[] = ['storing', 'queued', 'sending', 'saved', 'waiting', 'failed', 'discarded'];

const isState = fields({
  state: (value) => STATES.includes(value),
  code: orAbsent(isText),
  detail: orAbsent(orNull(isText)),
  blockedBy: orAbsent(isText),
  limitBytes: orAbsent(isNumber),
  until: orAbsent(orNull(isNumber)),
  seq: orAbsent(orNull(isNumber)),
});

const isItemReport = fields({ id: isId, state: isState, mayBeSent: isFlag });

const isBoardItem = fields({ id: isId, conversationId: isId, message: fields({ id: isId }), queuedAt: isNumber, mayBeSent: isFlag, state: isState });

const isMetrics = fields({
  queuedMessages: isNumber,
  storingMessages: isNumber,
  sendingMessages: isNumber,
  waitingMessages: isNumber,
  failedMessages: isNumber,
  successfulSyncs: isNumber,
  failedSyncs: isNumber,
  retryAttempts: isNumber,
  oldestEnqueuedAt: orNull(isNumber),
  oldestAgeMs: orNull(isNumber),
  breaker: isText,
  nextTryAt: orNull(isNumber),
  isPausedForSignIn: isFlag,
  isStorageRefusing: isFlag,
});

const isSenderReport = fields({ pace: orNull(isState), metrics: isMetrics });

const COMMANDS: readonly unknown[] = ['replace', 'withdraw', 'retry', 'discard', 'undo', 'seen', 'history'];

const isCommand: Check = (value) => {
  if (!isObject(value)) return false;
  if (value.do === 'flush') return true;
  if (value.do === 'signOut') return isFlag(value.confirmed);
  if (value.do === 'seen' && !isNumber(value.seq)) return false;
  const isMessageGood = value.do === 'replace' ? isObject(value.message) : orAbsent(isObject)(value.message);
  return COMMANDS.includes(value.do) && isId(value.id) && isMessageGood;
};

const isFeedEvent: Check = (value) => isObject(value) && isText(value.event) && (value.event === 'missed' || isObject(value.data));

const isPendingAnswer = fields({ runId: isId, conversationId: isText, answerId: isText, parentId: isText, request: isObject });

const CHECKS: Record<TabMessage['type'], Check> = {
  here: fields({ slot: isSlot }),
  whoIsHere: always,
  stored: fields({ items: listOf(isBoardItem) }),
  held: fields({ items: listOf(isItemReport) }),
  leading: fields({ items: listOf(isItemReport), report: isSenderReport }),
  whoLeads: always,
  whatAbout: fields({ ids: listOf(isId) }),
  about: fields({ items: listOf(isItemReport), gone: listOf(isId) }),
  moved: fields({ items: listOf(isItemReport), contents: listOf(isBoardItem), removed: listOf(isId), report: isSenderReport }),
  command: fields({ call: isText, command: isCommand }),
  done: fields({ call: isText, refusal: orAbsent(fields({ name: isText, queued: orAbsent(isNumber), failed: orAbsent(isNumber) })) }),
  probeNow: always,
  signedIn: always,
  signedOut: always,
  feed: fields({ event: orNull(isFeedEvent), cursor: orNull(isText) }),
  wantFeed: always,
  tryFeed: always,
  answers: fields({ wanted: listOf(isPendingAnswer), ended: listOf(isId) }),
};
