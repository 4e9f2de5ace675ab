import { describe, expect, it } from 'vitest';
import { decodeEntities } from './entities';
import { safeLink } from './safeUrl';

describe('safeLink', () => {
  it.each(['https://example.org/', 'http://example.org/', 'mailto:a@example.org', 'tel:+49'])('keeps %s', (href) => {
    expect(safeLink(href)).toBe(href);
  });

  it.each(['javascript:alert(1)', ' JavaScript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', '/conversation', 'blob:x', ''])(
    'refuses %j',
    (href) => {
      expect(safeLink(href)).toBeNull();
    },
  );
});

describe('decodeEntities', () => {
  it('decodes names and numbers once, and leaves the rest', () => {
    expect(decodeEntities('a &amp; b &lt;i&gt; &#8212; &#x1F600; &amp;lt; &nosuch; &#0; AT&T')).toBe('a & b <i> — 😀 &lt; &nosuch; \uFFFD AT&T');
  });
});
