/** What stands for the address of a link that has not come whole yet; it is drawn as plain text. */
export const UNFINISHED_LINK = 'streamdown:incomplete-link';

let complete: ((tail: string) => string) | null = null;
let loading: Promise<void> | null = null;

/** Loads what closes emphasis, links and formulas. It is first needed when an answer comes; until it is there they are drawn as they are. */
export function loadCompletion(): Promise<void> {
  loading ??= import('remend').then(
    ({ default: remend }) => {
      complete = (tail) => remend(tail, { linkMode: 'protocol', inlineKatex: false });
    },
    () => {
      // The text is readable without it; the next use tries again.
      loading = null;
    },
  );
  return loading;
}

/**
 * Completes the last block of a text that is still growing, so that what is drawn now will not jump when the rest comes:
 * emphasis, code spans, links and formulas are closed, a table is a table from its first whole line on, and a line that
 * could still become a fence or an underline is held back.
 */
export function repairTail(tail: string): string {
  if (isOpenFence(tail)) return holdBackClosingFence(tail);
  const table = completeTable(tail);
  if (table !== null) return table;
  if (!complete) void loadCompletion();
  const decided = holdBackUndecidedLine(tail);
  return complete ? complete(decided) : decided;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;

function isOpenFence(tail: string): boolean {
  return FENCE.test(tail);
}

/** Inside a fence a last line of one or two marks is most likely the start of its end. */
function holdBackClosingFence(tail: string): string {
  return tail.replace(/\n {0,3}(?:`{1,2}|~{1,2})$/, '\n');
}

/** A last line that is only marks says nothing yet: it may become a fence, a rule, a list item, a heading or an underline. */
function holdBackUndecidedLine(tail: string): string {
  return tail.replace(/(^|\n)[ \t]*(?:[`~]{1,3}|[-*+_=]{1,3}|#{1,6}|\d{1,9}[.)]|\||>|\$\$?|\\)[ \t]*$/, '$1');
}

/** A tail whose first line is a whole table row becomes a table at once; before that the row is held back. */
function completeTable(tail: string): string | null {
  if (!/^ {0,3}\|/.test(tail)) return null;
  const lines = tail.split('\n');
  const header = lines[0]!;
  if (lines.length === 1) return '';
  const columns = header.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).length;
  const delimiter = lines[1]!;
  if (lines.length === 2) {
    if (!/^[\s|:-]*$/.test(delimiter)) return null;
    return `${header}\n${'|---'.repeat(columns)}|`;
  }
  const last = lines.at(-1)!;
  if (last.trim() === '|') return lines.slice(0, -1).join('\n');
  return null;
}
