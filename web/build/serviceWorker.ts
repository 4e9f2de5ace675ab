import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { build, type Plugin, type Rolldown } from 'vite';

const ENTRY = resolve(import.meta.dirname, '../src/serviceWorker/serviceWorker.ts');
const NAME = 'service-worker.js';

/** Kept when the page has used them, and not before: most people never see most of these. */
const WHEN_USED = /\.(woff2?|ttf|map)$/;

/** Writes the service worker beside the built page, with the list of the page's files. The list is read from the disk: what is there is what is served. */
export function serviceWorker(): Plugin {
  let directory = '';
  return {
    name: 'manent-service-worker',
    apply: 'build',
    configResolved(config) {
      directory = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const names = filesIn(directory).filter((name) => name !== NAME && !WHEN_USED.test(name));
      const hash = createHash('sha256');
      for (const name of names) hash.update(`${name}\0`).update(readFileSync(join(directory, name)));
      const files = names.map((name) => (name === 'index.html' ? '/' : `/${name}`));
      writeFileSync(join(directory, NAME), await bundle(hash.digest('hex').slice(0, 16), files));
    },
  };
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted();
}

/** One classic script: module workers are not everywhere yet. */
async function bundle(version: string, files: readonly string[]): Promise<string> {
  const result = (await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    define: { __PAGE_VERSION__: JSON.stringify(version), __PAGE_FILES__: JSON.stringify(files) },
    build: { write: false, target: 'es2022', modulePreload: false, rollupOptions: { input: ENTRY, output: { format: 'iife' } } },
  })) as Rolldown.RolldownOutput;
  const chunk = result.output.find((file) => file.type === 'chunk');
  if (!chunk) throw new Error('The service worker was not built.');
  return chunk.code;
}
