import { useSettings } from '../state/settings';
import { de } from './de';
import { en, type Strings } from './en';

export type { Strings };

const LANGUAGES = { en, de };

function languageOf(setting: 'system' | 'en' | 'de'): 'en' | 'de' {
  if (setting !== 'system') return setting;
  return navigator.languages.find((language) => /^(en|de)\b/.test(language))?.startsWith('de') ? 'de' : 'en';
}

/** The texts in the person's language. */
export function useStrings(): Strings {
  return LANGUAGES[languageOf(useSettings((settings) => settings.language))];
}

export function useLanguage(): 'en' | 'de' {
  return languageOf(useSettings((settings) => settings.language));
}

/** The texts outside of components. */
export function strings(): Strings {
  return LANGUAGES[currentLanguage()];
}

export function currentLanguage(): 'en' | 'de' {
  return languageOf(useSettings.getState().language);
}

/** What went wrong, in words: ours for the codes that we know, the server's for all others. */
export function problemText(texts: Strings, problem: { code: string; detail: string }): string {
  return texts.problems[problem.code] ?? (problem.detail || problem.code);
}
