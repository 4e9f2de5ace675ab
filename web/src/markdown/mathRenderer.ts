import katex from 'katex';
import 'katex/dist/katex.min.css';

/** Draws a formula into an element. Nothing in a formula can load, link or run anything (`trust` stays off), and its size is bounded. */
export function renderMath(source: string, display: boolean, into: HTMLElement): void {
  katex.render(source, into, { displayMode: display, throwOnError: false, trust: false, maxExpand: 500, maxSize: 40, strict: 'ignore' });
}
