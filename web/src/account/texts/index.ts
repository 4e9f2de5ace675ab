import { currentLanguage, useLanguage } from '../../strings';
import { de } from './de';
import { type AccountTexts, en } from './en';

export type { AccountTexts };

/** The texts about accounts in the person's language. They come with what they are for. */
export function useAccountTexts(): AccountTexts {
  return useLanguage() === 'de' ? de : en;
}

/** The same outside of components. */
export function accountTexts(): AccountTexts {
  return currentLanguage() === 'de' ? de : en;
}
