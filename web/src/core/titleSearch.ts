import type { SnippetPiece } from '../api/types';

/** Cuts a title into marked and unmarked pieces, or gives `null` when not every word of the query occurs in it. */
export function matchTitle(title: string, query: string): SnippetPiece[] | null {
  const words = fold(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  const folded = fold(title);
  if (folded.length !== title.length) return words.every((word) => folded.includes(word)) ? [{ text: title }] : null;
  const marks = Array.from({ length: title.length }, () => false);
  for (const word of words) {
    let at = folded.indexOf(word);
    if (at < 0) return null;
    for (; at >= 0; at = folded.indexOf(word, at + word.length)) marks.fill(true, at, at + word.length);
  }
  return piecesOf(title, marks);
}

function piecesOf(title: string, marks: readonly boolean[]): SnippetPiece[] {
  const pieces: SnippetPiece[] = [];
  for (let start = 0; start < title.length; ) {
    let end = start;
    while (end < title.length && marks[end] === marks[start]) end += 1;
    pieces.push(marks[start] ? { text: title.slice(start, end), match: true } : { text: title.slice(start, end) });
    start = end;
  }
  return pieces;
}

function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Diacritic}/gu, '')
    .normalize('NFC')
    .toLowerCase();
}
