import { en, type Strings } from './en';
import { useStrings } from './index';
import { seldomEn } from './seldomEn';

/** Every text, also of what is shown seldom. */
export type AllStrings = Strings & typeof seldomEn;

/** All of English. */
export const allEn = Object.assign({}, en, ...Object.entries(seldomEn).map(([name, texts]) => ({ [name]: { ...en[name as keyof Strings] as object, ...texts } }))) as AllStrings;

/** The texts in the person's language, for what is shown seldom. Other languages than English come as a whole. */
export function useAllStrings(): AllStrings {
  const texts = useStrings();
  return texts === en ? allEn : (texts as AllStrings);
}
