import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { serviceWorker } from './build/serviceWorker.ts';

const API_PATHS = ['/conversation', '/conversations', '/message', '/completion', '/turn', '/feed', '/auth', '/account', '/keys', '/oauth', '/models', '/search', '/healthz', '/readyz', '/version'];

/** As the server sends it (`page.rs`), but for who may frame the page: that counts in a header alone. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  // The client's engine is WebAssembly; this allows that and no other evaluation.
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ');

/** The built page refuses everything that does not come from its own origin. The dev server needs inline scripts, so it goes without. */
function contentSecurityPolicy(): Plugin {
  return {
    name: 'manent-content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY }, injectTo: 'head-prepend' },
    ],
  };
}

/** KaTeX names three formats of each font; every browser that can run this page reads woff2, so the others stay out of the binary. */
function onlyWoff2Fonts(): Plugin {
  return {
    name: 'manent-only-woff2-fonts',
    enforce: 'pre',
    transform(code, id) {
      if (!/katex.*\.css/.test(id)) return null;
      return { code: code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\(["'](?:woff|truetype)["']\)/g, ''), map: null };
    },
  };
}

/** What the first load may weigh, in bytes of gzip: everything but highlighting and formulas, which come when they are needed. */
const FIRST_LOAD_BYTES = 200_000;

/** Fails the build when the first load has grown over its budget. */
function firstLoadBudget(): Plugin {
  return {
    name: 'manent-first-load-budget',
    apply: 'build',
    generateBundle(_options, bundle) {
      const entries = Object.values(bundle).filter((file) => file.type === 'chunk' && file.isEntry);
      const names = new Set<string>();
      const add = (name: string) => {
        const file = bundle[name];
        if (!file || names.has(name)) return;
        names.add(name);
        if (file.type !== 'chunk') return;
        for (const other of file.imports) add(other);
        for (const style of file.viteMetadata?.importedCss ?? []) add(style);
      };
      for (const entry of entries) add(entry.fileName);
      const bytes = [...names].reduce((sum, name) => {
        const file = bundle[name]!;
        return sum + gzipSync(file.type === 'chunk' ? file.code : file.source).length;
      }, 0);
      if (bytes > FIRST_LOAD_BYTES) this.error(`The first load weighs ${bytes} bytes of gzip; at most ${FIRST_LOAD_BYTES} are allowed.`);
      this.info(`first load: ${bytes} bytes of gzip in ${names.size} files`);
    },
  };
}

const proxy = Object.fromEntries(API_PATHS.map((path) => [path, { target: process.env.MANENT_URL ?? 'http://127.0.0.1:3080' }]));

export default defineConfig({
  plugins: [react(), contentSecurityPolicy(), onlyWoff2Fonts(), firstLoadBudget(), serviceWorker()],
  // The client is a folder beside this one, with a react of its own for its types.
  resolve: { dedupe: ['react', 'react-dom'] },
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    // What the page begins with is one file, also where what comes later shares parts of it: one is smaller than several.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'page', tags: ['$initial'] }] } } },
  },
  server: { port: 5173, host: '127.0.0.1', proxy, fs: { allow: ['.', '../clients/typescript'] } },
  preview: { port: 4173, host: '127.0.0.1', proxy },
  test: { include: ['src/**/*.test.{ts,tsx}'], environment: 'node' },
});
