import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { GrowingBlocks, splitBlocks } from './blocks';
import { loadCompletion } from './repair';

beforeAll(loadCompletion);

const SAMPLE = `# Plan

A paragraph with **bold**, *italic*, \`code\` and a [link](https://example.org/a_b).
It goes on.

- one
- two

  with a paragraph
- three

1. first
2. second

| Name | Size |
| ---- | ---: |
| a    | 1    |
| b \\| c | 2  |

> quoted
> text

\`\`\`ts
const x = 1;

// a blank line above
\`\`\`

$$
x^2
$$

Costs $5 and $6, but $x^2$ is maths.

Setext
------

End.`;

describe('GrowingBlocks', () => {
  it('ends with the blocks of the whole text, one character at a time', () => {
    const growing = new GrowingBlocks();
    for (let length = 1; length < SAMPLE.length; length += 1) growing.update(SAMPLE.slice(0, length));
    expect(growing.update(SAMPLE).map((block) => block.raw.trim())).toEqual(splitBlocks(SAMPLE).map((block) => block.raw.trim()));
  });

  it('ends with the same kinds of blocks for any pieces and any cuts', () => {
    const piece = fc.constantFrom('word ', '**', '`', '\n', '\n\n', '- item', '1. item', '# head', '| a | b |\n', '|--|--|\n', '```\n', '> q', '$$', '  ', '<b>', '[x](y)', '---', '* * *');
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, fc.nat(3)), { maxLength: 24 }), (pieces) => {
        const whole = `${pieces.map(([text]) => text).join('')}\n\nEnd.\n\nReally.\n\nYes.`;
        const growing = new GrowingBlocks();
        let length = 0;
        for (const [text, cut] of pieces) {
          growing.update(whole.slice(0, length + Math.min(cut, text.length)));
          length += text.length;
          growing.update(whole.slice(0, length));
        }
        for (; length < whole.length; length += 1) growing.update(whole.slice(0, length));
        expect(growing.update(whole).map((block) => block.token.type)).toEqual(splitBlocks(whole).map((block) => block.token.type));
      }),
      { numRuns: 400 },
    );
  }, 60_000);

  it('keeps finished blocks as the same objects', () => {
    const growing = new GrowingBlocks();
    const before = growing.update('One.\n\nTwo.\n\nThree.\n\nFour');
    const after = growing.update('One.\n\nTwo.\n\nThree.\n\nFour and more');
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(after).toHaveLength(4);
  });

  it('starts anew when the text is another one', () => {
    const growing = new GrowingBlocks();
    growing.update('One.\n\nTwo.\n\nThree.\n\nFour.');
    expect(growing.update('Other').map((block) => block.raw)).toEqual(['Other']);
  });
});

describe('unfinished marks', () => {
  const kinds = (text: string) => new GrowingBlocks().update(text).map((block) => block.token.type);

  it('never shows a table as a paragraph first', () => {
    const table = '| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |';
    for (let length = 1; length <= table.length; length += 1) expect(kinds(table.slice(0, length)), table.slice(0, length)).not.toContain('paragraph');
  });

  it('never shows a fence as a paragraph first', () => {
    const fence = '```ts\nlet x;\n```';
    for (let length = 1; length <= fence.length; length += 1) expect(kinds(fence.slice(0, length)), fence.slice(0, length)).not.toContain('paragraph');
  });

  it('never shows a paragraph as a heading because a list begins under it', () => {
    expect(kinds('Things:\n-')).toEqual(['paragraph']);
    expect(kinds('Things:\n- a')).toEqual(['paragraph', 'list']);
  });

  it('closes emphasis, code and links at the end', () => {
    const inline = (text: string) => (new GrowingBlocks().update(text)[0]!.token as { tokens?: { type: string }[] }).tokens?.map((token) => token.type);
    expect(inline('Some **bold')).toEqual(['text', 'strong']);
    expect(inline('Some `code')).toEqual(['text', 'codespan']);
    expect(inline('A [link](https://exa')).toEqual(['text', 'link']);
  });
});

describe('formulas', () => {
  const inline = (text: string) => (splitBlocks(text)[0]!.token as { tokens?: { type: string; text: string }[] }).tokens?.filter((token) => token.type === 'math').map((token) => token.text);

  it('reads dollars and backslashes, and leaves prices alone', () => {
    expect(inline('Costs $5 and $6, but $x^2$ is maths.')).toEqual(['x^2']);
    expect(inline('So \\(a+b\\) and $$c$$ here')).toEqual(['a+b', 'c']);
    expect(splitBlocks('\\[\nx\n\\]')[0]?.token.type).toBe('math');
    expect(inline('`$x$` is code')).toEqual([]);
  });
});
