import type { Attachment } from './images';

/** Larger pictures are made smaller: models see no more than this many pixels along the longer side. */
const LONGEST_SIDE = 1568;

/** A picture that is larger than this many bytes is compressed again. */
const LARGEST_BYTES = 450_000;

/** Reads a picture, makes it small enough to be sent, and gives it in Base64. Throws when it cannot be read. */
export async function readImage(file: File, name: string): Promise<Attachment> {
  const bitmap = await createImageBitmap(file);
  const fits = Math.max(bitmap.width, bitmap.height) <= LONGEST_SIDE && file.size <= LARGEST_BYTES;
  const blob = fits ? file : await shrink(bitmap);
  bitmap.close();
  return { id: crypto.randomUUID(), name, part: { type: 'image', mediaType: blob.type, data: await toBase64(blob) } };
}

async function shrink(bitmap: ImageBitmap): Promise<Blob> {
  let side = LONGEST_SIDE;
  for (;;) {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 });
    if (blob.size <= LARGEST_BYTES || side < 400) return blob;
    side = Math.round(side * 0.75);
  }
}

async function toBase64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let binary = '';
  for (let start = 0; start < bytes.length; start += 0x8000) binary += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  return btoa(binary);
}
