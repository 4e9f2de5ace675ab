import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const API_PATHS = ['/conversation', '/conversations', '/message', '/completion', '/models', '/search', '/healthz', '/readyz', '/version'];

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "style-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
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

const proxy = Object.fromEntries(API_PATHS.map((path) => [path, { target: process.env.MANENT_URL ?? 'http://127.0.0.1:3080' }]));

export default defineConfig({
  plugins: [react(), contentSecurityPolicy(), onlyWoff2Fonts()],
  build: { target: 'es2022', cssTarget: ['chrome123', 'firefox120', 'safari17.5'], modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { port: 5173, host: '127.0.0.1', proxy },
  preview: { port: 4173, host: '127.0.0.1', proxy },
  test: { include: ['src/**/*.test.{ts,tsx}'], environment: 'node' },
});
