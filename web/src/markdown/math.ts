import type { MarkedExtension, TokenizerThis, Tokens } from 'marked';

/** A formula found in a text. `display` formulas stand on their own line. */
export interface MathToken extends Tokens.Generic {
  type: 'math';
  raw: string;
  text: string;
  display: boolean;
}

/**
 * As in TeX, a blank line ends what was begun: a formula that is never closed cannot swallow the rest of a text. Nor is it looked for without
 * end: many that are never closed would take time with the square of the text's length.
 */
const BLOCK_DOLLARS = /^ {0,3}\$\$((?:(?!\n[ \t]*\n)[\s\S]){1,4000}?)\$\$[ \t]*(?:\n+|$)/;
const BLOCK_BRACKETS = /^ {0,3}\\\[((?:(?!\n[ \t]*\n)[\s\S]){1,4000}?)\\\][ \t]*(?:\n+|$)/;
const INLINE_DOUBLE = /^\$\$([^$\n]+?)\$\$/;
const INLINE_PARENTHESES = /^\\\(([\s\S]{1,4000}?)\\\)/;
/** As in Pandoc: no space just inside the dollars, no digit just after them, so that prices stay prices. */
const INLINE_DOLLAR = /^\$(?![\s$])((?:\\.|[^\\$\n])*?(?:\\.|[^\\\s$]))\$(?!\d)/;

function firstMatch(source: string, patterns: readonly (readonly [RegExp, boolean])[]): MathToken | undefined {
  for (const [pattern, display] of patterns) {
    const match = pattern.exec(source);
    if (match) return { type: 'math', raw: match[0], text: (match[1] ?? '').trim(), display };
  }
  return undefined;
}

/** Where a formula begins that more text may still close, or -1: what follows it is not settled yet. */
export function openFormula(source: string): number {
  for (const match of source.matchAll(/^ {0,3}(?:\$\$|\\\[)/gm)) {
    const rest = source.slice(match.index);
    const isClosed = BLOCK_DOLLARS.test(rest) || BLOCK_BRACKETS.test(rest);
    if (!isClosed && !/\n[ \t]*\n/.test(rest)) return match.index;
  }
  return -1;
}

/** Teaches the lexer `$…$`, `$$…$$`, `\(…\)` and `\[…\]`. */
export const mathExtension: MarkedExtension = {
  extensions: [
    {
      name: 'math',
      level: 'block',
      start: (source) => source.match(/^ {0,3}(?:\$\$|\\\[)/m)?.index,
      tokenizer: (source) =>
        firstMatch(source, [
          [BLOCK_DOLLARS, true],
          [BLOCK_BRACKETS, true],
        ]),
    },
    {
      name: 'math',
      level: 'inline',
      start: (source) => source.match(/\$|\\\(/)?.index,
      tokenizer(this: TokenizerThis, source) {
        return firstMatch(source, [
          [INLINE_DOUBLE, true],
          [INLINE_PARENTHESES, false],
          [INLINE_DOLLAR, false],
        ]);
      },
    },
  ],
};
