import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as api from './index.js';
import * as binding from './react/index.js';
import * as session from './session/index.js';
import type { SessionKeeper, SessionState } from './session/index.js';
import type { AnswerKeeper, AnswerState, ClientOptions, Feed, FeedEvent, ManentClient, PersistenceService, ReadCache, SaveState, StorageWarning, WaitCode } from './types.js';

/** All names of a union, or of a type's members; the compiler sees to it that none is left out. */
type All<Name extends PropertyKey> = Record<Name, 0>;

const WORDS = {
  options: { baseUrl: 0, wasm: 0, databaseName: 0, storage: 0, headers: 0, fetch: 0, onMetrics: 0, maxRetries: 0, backoffMs: 0, maxItems: 0 } satisfies All<keyof ClientOptions>,
  client: { persistence: 0, answers: 0, feed: 0, cache: 0, close: 0 } satisfies All<keyof ManentClient>,
  persistence: {
    deviceId: 0,
    queueMessage: 0,
    flush: 0,
    getQueueStatus: 0,
    getMetrics: 0,
    status: 0,
    items: 0,
    history: 0,
    subscribe: 0,
    subscribeMany: 0,
    subscribeStatus: 0,
    subscribeWarnings: 0,
    probeNow: 0,
    signedIn: 0,
    replace: 0,
    withdraw: 0,
    retry: 0,
    discard: 0,
    undo: 0,
    signOut: 0,
  } satisfies All<keyof PersistenceService>,
  answers: { want: 0, began: 0, ended: 0, failed: 0, pending: 0, state: 0, subscribe: 0, probeNow: 0, signedIn: 0 } satisfies All<keyof AnswerKeeper>,
  feed: { subscribe: 0, tryNow: 0 } satisfies All<keyof Feed>,
  cache: { putConversations: 0, putMessages: 0, forgetConversation: 0, clear: 0, conversations: 0, messages: 0 } satisfies All<keyof ReadCache>,
  session: {
    state: 0,
    databaseName: 0,
    fetch: 0,
    subscribe: 0,
    start: 0,
    options: 0,
    signIn: 0,
    secondFactor: 0,
    register: 0,
    signOut: 0,
    close: 0,
  } satisfies All<keyof SessionKeeper>,
  sessionStates: { unknown: 0, local: 0, signed_in: 0, signed_out: 0, another: 0 } satisfies All<SessionState['state']>,
  events: { conversation: 0, message: 0, run: 0, missed: 0 } satisfies All<FeedEvent['event']>,
  states: { storing: 0, queued: 0, sending: 0, saved: 0, waiting: 0, failed: 0, discarded: 0 } satisfies All<SaveState>,
  answerStates: { storing: 0, start: 0, running: 0, waiting: 0 } satisfies All<AnswerState['state']>,
  reasons: { retry: 0, server_busy: 0, server_away: 0, sign_in: 0, behind_another: 0, storage_refused: 0 } satisfies All<WaitCode>,
  warnings: { memory_only: 0, set_aside: 0, refused: 0, lost: 0 } satisfies All<StorageWarning['code']>,
};

const CACHE = 'node_modules/.cache/manent-documentation';

/** What the examples take from the page around them. */
const AROUND = `
declare function token(): string;
declare function show(...what: unknown[]): void;
declare function print(text: unknown): void;
`;

const page = readFileSync('../../docs/client-typescript.md', 'utf8');
/** What the page says in the form of code. */
const named = new Set(page.match(/`[^`\n]+`|```[\s\S]*?```/g)?.flatMap((code) => code.match(/[\w$]+/g) ?? []));

describe('docs/client-typescript.md', () => {
  it.each(Object.entries(WORDS))('names all of the %s', (_what, words) => {
    expect(Object.keys(words).filter((word) => !named.has(word))).toEqual([]);
  });

  it('names all that can be imported', () => {
    expect([...Object.keys(api), ...Object.keys(binding), ...Object.keys(session)].filter((name) => name !== 'errorOf' && !named.has(name))).toEqual([]);
  });

  it('gives each error the code that it has', () => {
    const errors = Object.entries(api).flatMap(([name, value]) => {
      if (!(typeof value === 'function' && value.prototype instanceof api.OutboxError)) return [];
      return [[name, new (value as new (...given: unknown[]) => api.OutboxError)('', '').code]];
    });
    const rows = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \|/gm)].map(([, name, code]) => [name, code]);
    expect(rows).toEqual(expect.arrayContaining(errors));
    expect(errors.length).toBeGreaterThan(10);
  });

  it('has examples that the compiler takes', () => {
    const examples = [...page.matchAll(/^```tsx?\n([\s\S]*?)^```/gm)].map(([, code]) => code!);
    expect(examples.length).toBeGreaterThan(2);
    mkdirSync(CACHE, { recursive: true });
    for (const [place, code] of examples.entries()) writeFileSync(`${CACHE}/example${place}.tsx`, `${code}\nexport {};\n`);
    writeFileSync(`${CACHE}/around.d.ts`, AROUND);
    const root = '../../..';
    const paths = {
      '@manent/client': [`${root}/src/index.ts`],
      '@manent/client/react': [`${root}/src/react/index.ts`],
      '@manent/client/session': [`${root}/src/session/index.ts`],
    };
    const compilerOptions = { paths };
    writeFileSync(`${CACHE}/tsconfig.json`, JSON.stringify({ extends: `${root}/tsconfig.json`, compilerOptions, include: ['*.tsx', '*.d.ts'] }));
    const { stdout, status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--project', CACHE, '--noUnusedLocals', 'false'], { encoding: 'utf8' });
    expect([stdout, status]).toEqual(['', 0]);
  }, 60_000);
});
