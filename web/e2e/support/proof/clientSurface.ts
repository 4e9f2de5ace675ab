import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { expect, type Page } from '@playwright/test';
import { build } from 'vite';
import type { ManentClient, StorageWarning } from '../../../../clients/typescript/src/types.ts';
import type { Answer } from '../faults/fault.ts';
import type { Surface, Tab } from './surface.ts';

declare global {
  interface Window {
    /** Set by the page in `clientPage`. */
    clientPage: Promise<ManentClient>;
    clientWarnings: StorageWarning[];
  }
}

const ROOT = resolve(import.meta.dirname, '../clientPage');
const PATH = '/client-alone/';
const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', wasm: 'application/wasm' };

let built: Promise<Map<string, Answer>> | undefined;

/** The page's files by their paths; built once for all tests, in memory. */
async function bundle(): Promise<Map<string, Answer>> {
  const result = await build({
    configFile: false,
    root: ROOT,
    base: PATH,
    logLevel: 'warn',
    build: { write: false, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  });
  if (!('output' in result)) throw new Error('The client’s page was not built.');
  const files = result.output.map((file): [string, Answer] => {
    const body = Buffer.from(file.type === 'chunk' ? file.code : file.source);
    const type = TYPES[file.fileName.split('.').at(-1)!] ?? 'application/octet-stream';
    return [PATH + file.fileName, { status: 200, headers: { 'content-type': type }, body }];
  });
  return new Map(files);
}

/** The client alone, driven through its own words. */
export const clientSurface: Surface = {
  name: 'client',
  async prepare() {
    built ??= bundle();
    const files = await built;
    return (path) => files.get(path === PATH ? `${PATH}index.html` : path) ?? null;
  },
  async show(page: Page, origin: string, conversationId: string): Promise<Tab> {
    await page.goto(origin + PATH);
    await page.evaluate(async () => void (await window.clientPage));
    return {
      page,
      async write(text, place = {}) {
        const id = randomUUID();
        await page.evaluate(
          async ([message, conversation]) => (await window.clientPage).persistence.queueMessage(message, conversation),
          [{ id, role: 'user' as const, content: text, ...(place.parentId === undefined ? {} : { parentId: place.parentId }) }, place.conversationId ?? conversationId] as const,
        );
        return id;
      },
      tryNow: () => page.evaluate(async () => (await window.clientPage).persistence.probeNow()),
      signIn: () => page.evaluate(async () => (await window.clientPage).persistence.signedIn()),
      warned: (code) => expect.poll(() => page.evaluate(() => window.clientWarnings.map((warning) => warning.code))).toContain(code),
    };
  },
};
