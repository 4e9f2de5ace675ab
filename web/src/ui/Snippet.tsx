import type { SnippetPiece } from '../api/types';

/** A piece of text with the searched words marked. */
export function Snippet({ pieces }: { pieces: readonly SnippetPiece[] }) {
  return pieces.map((piece, index) => (piece.match ? <mark key={index}>{piece.text}</mark> : <span key={index}>{piece.text}</span>));
}
