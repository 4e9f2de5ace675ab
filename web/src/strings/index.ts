import { create } from 'zustand';
import { type Settings, useSettings } from '../state/settings';
import { en, type Strings } from './en';

export type { Strings };

export type Language = 'en' | 'de';

/** What each language calls itself. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', de: 'Deutsch' };

/** English is part of the page; every other language is read when somebody wants it. */
const READERS: Partial<Record<Language, () => Promise<Strings>>> = { de: () => import('./de').then(({ de }) => de) };

const useTexts = create<Partial<Record<Language, Strings>>>(() => ({ en }));

function languageOf(setting: Settings['language']): Language {
  if (setting !== 'system') return setting;
  return navigator.languages.find((language) => /^(en|de)\b/.test(language))?.startsWith('de') ? 'de' : 'en';
}

/** Reads the person's language, now and whenever another one is chosen. Resolves when the page can be drawn in it, or in English where it cannot be had. */
export async function installLanguage(): Promise<void> {
  useSettings.subscribe(({ language }) => void read(languageOf(language)));
  await read(currentLanguage());
}

async function read(language: Language): Promise<void> {
  if (language in useTexts.getState()) return;
  try {
    useTexts.setState({ [language]: await READERS[language]?.() });
  } catch (error) {
    console.error(error);
  }
}

/** The texts in the person's language. */
export function useStrings(): Strings {
  const language = useLanguage();
  return useTexts((texts) => texts[language]) ?? en;
}

/** The language in which the page is drawn. */
export function useLanguage(): Language {
  const language = languageOf(useSettings((settings) => settings.language));
  return useTexts((texts) => language in texts) ? language : 'en';
}

/** The texts outside of components. */
export function strings(): Strings {
  return useTexts.getState()[currentLanguage()] ?? en;
}

export function currentLanguage(): Language {
  return languageOf(useSettings.getState().language);
}

/** What went wrong, in words: ours for the codes that we know, the server's for all others. */
export function problemText(texts: Strings, problem: { code: string; detail: string }): string {
  return texts.problems[problem.code] ?? (problem.detail || problem.code);
}
