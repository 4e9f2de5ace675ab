import katex from 'katex';
import 'katex/dist/katex.min.css';

/**
 * Draws a formula into an element; gives `false` and leaves the element alone when the source is no formula.
 * Nothing in a formula can load, link or run anything (`trust` stays off), and its size is bounded.
 */
export function renderMath(source: string, display: boolean, into: HTMLElement): boolean {
  try {
    katex.render(source, into, { displayMode: display, throwOnError: true, trust: false, maxExpand: 500, maxSize: 40, strict: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
