// Tells what a page downloads for the client, and fails when it is too much.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** What wasm and shell together may weigh, in bytes of gzip. */
const MOST_BYTES = 150_000;

process.chdir(new URL('..', import.meta.url).pathname);
const out = 'node_modules/.cache/manent-size';
await build({
  configFile: false,
  logLevel: 'error',
  build: { outDir: out, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: false, rolldownOptions: { input: 'dist/index.js', preserveEntrySignatures: 'strict' } },
});
let total = 0;
for (const name of readdirSync(out, { recursive: true })) {
  if (!/\.(js|wasm)$/.test(name)) continue;
  const bytes = gzipSync(readFileSync(join(out, name)), { level: 9 }).length;
  console.log(`${name.replace(/^assets\//, '')}: ${bytes} bytes of gzip`);
  total += bytes;
}
console.log(`the client: ${total} bytes of gzip; the limit is ${MOST_BYTES}`);
if (total > MOST_BYTES) process.exit(1);
