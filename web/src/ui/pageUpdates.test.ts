import { expect, it } from 'vitest';
import { isAnotherPage } from './pageUpdates';

const page = (script: string, style: string) => `<!doctype html><html><head><script src="/appearance.js"></script>
<script type="module" crossorigin src="/assets/${script}"></script><link rel="stylesheet" crossorigin href="/assets/${style}"></head><body></body></html>`;
const known = new Set(['/appearance.js', '/icon.svg', '/assets/index-1.js', '/assets/index-1.css', '/assets/lazy-1.js']);

it('is another page when one of its parts is another, and the same page otherwise', () => {
  expect(isAnotherPage(page('index-1.js', 'index-1.css'), known)).toBe(false);
  expect(isAnotherPage(page('index-2.js', 'index-1.css'), known)).toBe(true);
  expect(isAnotherPage(page('index-1.js', 'index-2.css'), known)).toBe(true);
});

it('takes an error page for no newer version', () => {
  expect(isAnotherPage('<html><body>502 Bad Gateway</body></html>', known)).toBe(false);
});
