import type { Token } from 'marked';
import { lex } from './lexer';
import { openFormula } from './math';
import { repairTail } from './repair';

/** One top-level block of a text: a paragraph, a list, a fence … `raw` is its source and decides whether it must be drawn again. */
export interface Block {
  /** Stable while the text only grows: the place in the text where the block begins. */
  key: number;
  raw: string;
  token: Token;
}

/** Splits a whole text. */
export function splitBlocks(text: string): Block[] {
  return toBlocks(lex(text), 0);
}

/**
 * Splits a growing text and does little work per step: blocks that can no longer change are kept as the same objects,
 * only the tail is read again.
 *
 * At least the last two blocks are the tail, because one more line may still join them (a list goes on after a blank line,
 * a paragraph becomes a heading). The very last one is repaired first, so that unfinished marks do not flicker.
 */
export class GrowingBlocks {
  private text = '';
  private settled: Block[] = [];
  private settledLength = 0;

  /** The blocks of `text`. A text that does not continue the one before starts anew. */
  update(text: string): Block[] {
    if (!text.startsWith(this.text)) {
      this.settled = [];
      this.settledLength = 0;
    }
    this.text = text;
    const tail = text.slice(this.settledLength);
    const tokens = lex(tail);
    const blocks = toBlocks(tokens, this.settledLength);
    if (!coversSource(tokens, tail)) return [...this.settled, ...blocks];
    if (blocks.length > 2) {
      this.settledLength = tailStart(blocks, tail, this.settledLength);
      this.settled = [...this.settled, ...blocks.filter((block) => block.key < this.settledLength)];
    }
    const last = blocks.at(-1);
    if (!last) return this.settled;
    const open = blocks.slice(0, -1).filter((block) => block.key >= this.settledLength);
    return [...this.settled, ...open, ...toBlocks(lex(repairTail(text.slice(last.key))), last.key)];
  }
}

/**
 * Where the tail begins next: at the last but one block, or earlier where an unfinished formula begins, and always behind a blank
 * line, because what follows one is read the same with or without what stands before it.
 */
function tailStart(blocks: readonly Block[], tail: string, offset: number): number {
  const formula = openFormula(tail);
  const latest = Math.min(blocks.at(-2)!.key, formula < 0 ? Infinity : offset + formula);
  return blocks.findLast((block) => block.key <= latest && /\n[ \t]*\n$/.test(tail.slice(0, block.key - offset)))?.key ?? offset;
}

/** The lexer rewrites line endings, tabs and some leading spaces; offsets into the source hold only where it did not. */
function coversSource(tokens: readonly Token[], source: string): boolean {
  return tokens.map((token) => token.raw).join('') === source;
}

function toBlocks(tokens: readonly Token[], offset: number): Block[] {
  const blocks: Block[] = [];
  let position = offset;
  for (const token of tokens) {
    if (token.type !== 'space' && token.type !== 'def') blocks.push({ key: position, raw: token.raw, token });
    position += token.raw.length;
  }
  return blocks;
}
