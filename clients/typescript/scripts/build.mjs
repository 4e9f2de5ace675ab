// Builds `dist`: the compiler's output, and the engine's module and bindings beside it.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';

process.chdir(new URL('..', import.meta.url).pathname);

if (!existsSync('src/wasm/manent_engine_bg.wasm')) {
  console.error('The engine is not compiled yet: `cargo xtask test --only client` in the repository does it.');
  process.exit(1);
}
rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.build.json'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
cpSync('src/wasm', 'dist/wasm', { recursive: true });
