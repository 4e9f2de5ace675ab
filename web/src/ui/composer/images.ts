import type { ImagePart } from '../../api/types';

/** The kinds of pictures that the providers take. */
const KINDS = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif']);

/** All pictures of one message together, in characters of Base64: with text and history the request stays below 3 MB. */
export const IMAGE_BUDGET = 2_000_000;

export interface Attachment {
  id: string;
  name: string;
  part: ImagePart & { mediaType: string; data: string };
}

export class NotAPicture extends Error {}

/** Refuses what no provider takes. */
export function checkKind(file: File, name: string): void {
  if (!KINDS.has(file.type)) throw new NotAPicture(name);
}

export function usedBudget(attachments: readonly Attachment[]): number {
  return attachments.reduce((sum, attachment) => sum + attachment.part.data.length, 0);
}
