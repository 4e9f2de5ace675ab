/** How far the shown text may lag behind what has arrived, in milliseconds: the time over which a burst is spread. */
const SPREAD_MS = 240;

/** Never slower than this while anything is waiting, in characters per second. */
const SLOWEST = 40;

/**
 * How many characters of the arrived text to show on this frame.
 *
 * A share of the backlog proportional to the frame's length is shown, so bursts from the network become small steady
 * steps, a constant stream settles at its own rate, and the lag stays near `SPREAD_MS`. The result never splits a surrogate pair.
 */
export function nextVisibleLength(arrived: string, visibleLength: number, elapsedMs: number): number {
  const backlog = arrived.length - visibleLength;
  if (backlog <= 0) return arrived.length;
  const step = Math.max(backlog * (1 - Math.exp(-elapsedMs / SPREAD_MS)), (SLOWEST * elapsedMs) / 1000);
  const length = Math.min(arrived.length, visibleLength + Math.max(1, Math.round(step)));
  const code = arrived.charCodeAt(length - 1);
  const splitsPair = code >= 0xd800 && code <= 0xdbff && length < arrived.length;
  return splitsPair ? length + 1 : length;
}
