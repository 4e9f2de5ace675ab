/**
 * Gives the sentences that have been finished since `from`, for a screen reader to speak.
 *
 * A sentence ends at `.`, `!`, `?`, `…`, `。`, `！`, `？` followed by white space, or at the end of a line. Code and
 * markup characters are left to `speakable`. `end` is where to go on from.
 */
export function finishedSentences(text: string, from: number): { sentences: string; end: number } {
  const rest = text.slice(from);
  const boundary = /[.!?…]["'”’)\]]*(?=\s)|[。！？]|\n/g;
  let end = 0;
  for (let match = boundary.exec(rest); match; match = boundary.exec(rest)) end = match.index + match[0].length;
  return { sentences: speakable(rest.slice(0, end)), end: from + end };
}

/** The text without the marks of Markdown that a voice would spell out. */
export function speakable(markdown: string): string {
  return markdown
    .replace(/^\s*(?:```|~~~).*$/gm, '')
    .replace(/^\s{0,3}(?:#{1,6}|>|[-*+])\s+/gm, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`~|]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
