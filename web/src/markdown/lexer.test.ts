import type { Token } from 'marked';
import { describe, expect, it } from 'vitest';
import { lex } from './lexer';

const types = (text: string) => lex(text).map((token) => token.type);
const textOf = (tokens: readonly Token[]) => tokens.map((token) => token.raw).join('');

describe('lex', () => {
  it('reads what nests without end as one literal block', () => {
    for (const depth of [200, 2_000, 100_000]) {
      const text = `${'> '.repeat(depth)}deep`;
      expect(types(text)).toEqual(['html']);
      expect(textOf(lex(text))).toBe(text);
    }
    const list = Array.from({ length: 300 }, (_, level) => `${'  '.repeat(level)}- a`).join('\n');
    expect(types(list)).toEqual(['html']);
    expect(types(`${'> '.repeat(20)}shallow`)).toEqual(['blockquote']);
  });

  it('leaves a paragraph without end as it is written', () => {
    const word = '_a_ ';
    expect(lex(word.repeat(100))[0]).toMatchObject({ type: 'paragraph', tokens: expect.arrayContaining([expect.objectContaining({ type: 'em' })]) });
    const long = word.repeat(50_000).trim();
    expect(lex(long)[0]).toMatchObject({ type: 'paragraph', tokens: [{ type: 'text', text: long }] });
  });

  it('looks for the end of a formula only nearby', () => {
    const formula = (length: number) => `\\[\n${'x'.repeat(length)}\n\\]`;
    expect(types(formula(3_000))).toEqual(['math']);
    expect(types(formula(5_000))).toEqual(['paragraph']);
  });
});
