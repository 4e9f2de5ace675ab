import { lazyModule } from './lazy';

/** The renderer of formulas: large, so it comes when a text has its first one. */
export const mathRenderer = lazyModule(() => import('./mathRenderer'));

/** Whether a text may hold a formula. */
export function mayHoldMath(text: string): boolean {
  return /\$|\\[([]/.test(text);
}
