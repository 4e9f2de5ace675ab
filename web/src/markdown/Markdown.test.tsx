import { renderToStaticMarkup } from 'react-dom/server';
import { beforeAll, describe, expect, it } from 'vitest';
import { Markdown } from './Markdown';
import { loadCompletion } from './repair';

beforeAll(loadCompletion);

const draw = (text: string, growing = false) => renderToStaticMarkup(<Markdown text={text} growing={growing} />);

describe('Markdown', () => {
  it('draws the common marks', () => {
    expect(draw('# Title\n\nSome **bold** `code` &amp; *more*.')).toBe(
      '<div class="prose" dir="auto"><h3 class="heading-1">Title</h3><p>Some <strong>bold</strong> <code>code</code> &amp; <em>more</em>.</p></div>',
    );
  });

  it('draws tight and loose lists, tasks and numbers that do not begin at one', () => {
    expect(draw('- a\n- b\n  - c')).toContain('<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>');
    expect(draw('- a\n\n- b')).toContain('<ul><li><p>a</p></li><li><p>b</p></li></ul>');
    expect(draw('3. c\n4. d')).toContain('<ol start="3"><li>c</li><li>d</li></ol>');
    expect(draw('- [x] done')).toMatch(/<li class="task"><input type="checkbox"[^>]* checked=""[^>]*>done<\/li>/);
  });

  it('leaves markup as text', () => {
    const markup = draw('<script>alert(1)</script>\n\nHi <img src=x onerror=alert(1)> <b>there</b>');
    expect(markup).not.toMatch(/<(script|img|b)\b/);
    expect(markup).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it.each(['[x](javascript:alert(1))', '[x](java&#x73;cript:alert(1))', '<javascript:alert(1)>', '[x](data:text/html,y)', '[x](/conversation/create)', '[x][y]\n\n[y]: javascript:alert(1)'])(
    'makes no link of %s',
    (text) => {
      expect(draw(text)).not.toContain('<a ');
    },
  );

  it('makes links of web and mail addresses, and of pictures', () => {
    expect(draw('[x](https://example.org/a?b=1&c=2 "t")')).toContain('<a href="https://example.org/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer nofollow" title="t">x</a>');
    expect(draw('![a picture](https://example.org/p.png)')).toContain('rel="noopener noreferrer nofollow">a picture</a>');
    expect(draw('me@example.org')).toContain('href="mailto:me@example.org"');
  });

  it('draws an unfinished link as its text', () => {
    expect(draw('See [the page](https://exam', true)).toContain('<p>See the page</p>');
  });
});
