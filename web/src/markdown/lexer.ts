import { Lexer, Marked, type Token, type Tokens } from 'marked';
import { mathExtension } from './math';

/**
 * The most characters of one paragraph, heading or cell in which emphasis, links and formulas are looked for: the search takes time with
 * the square of the length. A longer one stays as it is written; it is code or data rather than prose.
 */
const MOST_INLINE_CHARACTERS = 10_000;

/** The most levels of quotes, lists and emphasis inside each other; what goes deeper cannot be read, and would exhaust the page's stack. */
const MOST_LEVELS = 100;

/** The cheapest way to nest without end is found before the lexer spends seconds on it. */
const DEEP_QUOTE = new RegExp(`^(?:[ \\t]*>){${MOST_LEVELS + 1}}`, 'm');

const { defaults } = new Marked({ gfm: true, breaks: false }, mathExtension);

class BoundedLexer extends Lexer {
  override inline(source: string, tokens: Token[] = []): Token[] {
    if (source.length <= MOST_INLINE_CHARACTERS) return super.inline(source, tokens);
    tokens.push({ type: 'text', raw: source, text: source, escaped: false } satisfies Tokens.Text);
    return tokens;
  }
}

/** Reads a text in Markdown, whatever it is: what cannot be read as such is one literal block. */
export function lex(text: string): Token[] {
  if (DEEP_QUOTE.test(text)) return literal(text);
  try {
    const tokens = new BoundedLexer(defaults).lex(text);
    if (isWithin(tokens, MOST_LEVELS)) return tokens;
  } catch (error) {
    // A nesting without end exhausts the lexer's stack.
    if (!(error instanceof RangeError)) throw error;
  }
  return literal(text);
}

function literal(text: string): Token[] {
  return [{ type: 'html', raw: text, text, pre: false, block: true } satisfies Tokens.HTML];
}

/** Whether no token lies deeper than `levels`. Level by level, for the stack's sake. */
function isWithin(tokens: readonly Token[], levels: number): boolean {
  let level = tokens;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return false;
    level = level.flatMap(childrenOf);
  }
  return true;
}

function childrenOf(token: Token): readonly Token[] {
  if (token.type === 'list') return (token as Tokens.List).items;
  if (token.type !== 'table') return ('tokens' in token ? token.tokens : undefined) ?? [];
  const { header, rows } = token as Tokens.Table;
  return [header, ...rows].flatMap((row) => row.flatMap((cell) => cell.tokens));
}
