/**
 * Writes `src/account/apiTypes.ts`: what the calls about accounts take and answer, from `docs/openapi.json`. With `--check` it changes nothing,
 * and fails when the file differs from what would be written.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compile } from 'json-schema-to-typescript';

const DESCRIPTION = resolve(import.meta.dirname, '../../docs/openapi.json');
const TYPES = resolve(import.meta.dirname, '../src/account/apiTypes.ts');
const PATHS = /^\/(?:auth|account|keys)(?:\/|$)/;
const REFERENCE = /^#\/components\/schemas\/(.+)$/;

/** The name of every schema that stands somewhere in a description. */
function namesIn(value) {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? (REFERENCE.exec(inner)?.slice(1) ?? []) : namesIn(inner)));
}

/** The same schema with its references where the compiler looks for them; what stands beside a reference would make a copy of it. */
function moved(value) {
  if (Array.isArray(value)) return value.map(moved);
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value.$ref === 'string') return { $ref: value.$ref.replace(REFERENCE, '#/definitions/$1') };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, moved(inner)]));
}

/** A path without its refusals, which the client reads. */
function withoutRefusals(value) {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === 'default' ? undefined : inner)));
}

async function typesOf({ paths, components }) {
  const found = new Set();
  const waiting = Object.entries(paths).flatMap(([path, item]) => (PATHS.test(path) ? namesIn(withoutRefusals(item)) : []));
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    waiting.push(...namesIn(components.schemas[name]));
  }
  const definitions = Object.fromEntries([...found].toSorted().map((name) => [name, moved(components.schemas[name])]));
  const options = { unreachableDefinitions: true, additionalProperties: false, bannerComment: '', style: { singleQuote: true, printWidth: 180 } };
  const text = await compile({ title: 'AccountApi', type: 'object', definitions }, 'AccountApi', options);
  // The compiler writes where it found each, and a type for the collection as a whole.
  const plain = text
    .replace(/export interface AccountApi \{\}\n/, '')
    .replace(/(?: \*\n)? \* This interface was referenced by `AccountApi`'s JSON-Schema\n \* via the `definition` ".+"\.\n/g, '')
    .replace(/\/\*\*\n \*\/\n/g, '');
  return `// Generated from docs/openapi.json by \`npm run generate\`: do not change it by hand.\n\n${plain}`;
}

const wanted = await typesOf(JSON.parse(await readFile(DESCRIPTION, 'utf8')));
const kept = await readFile(TYPES, 'utf8').catch(() => '');
if (wanted !== kept && process.argv.includes('--check')) {
  console.error('web/src/account/apiTypes.ts is out of date. Run `cargo xtask gen` and commit the result.');
  process.exitCode = 1;
} else if (wanted !== kept) {
  await writeFile(TYPES, wanted);
  process.stdout.write('  wrote web/src/account/apiTypes.ts\n');
}
