import { create } from 'zustand';
import { readLocal, writeLocal } from './localValue';

export interface Settings {
  theme: 'system' | 'light' | 'dark';
  textSize: 'small' | 'normal' | 'large';
  language: 'system' | 'en' | 'de';
  /** `provider/model` for new conversations, or an empty text for the server's own default. */
  model: string;
  /** The system prompt that new conversations begin with. */
  systemPrompt: string;
  sidebarWidth: number;
  sidebarCollapsed: boolean;
}

const KEY = 'manent.settings';

const DEFAULTS: Settings = {
  theme: 'system',
  textSize: 'normal',
  language: 'system',
  model: '',
  systemPrompt: '',
  sidebarWidth: 264,
  sidebarCollapsed: false,
};

/** What the person has chosen, kept in this browser. */
export const useSettings = create<Settings>(() => ({ ...DEFAULTS, ...readLocal<Partial<Settings>>(KEY, {}) }));

export function changeSettings(change: Partial<Settings>): void {
  useSettings.setState(change);
}

/** Writes changes down and puts theme and text size where the style sheets see them. */
export function installSettings(): void {
  const apply = (settings: Settings) => {
    const root = document.documentElement;
    if (settings.theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = settings.theme;
    if (settings.textSize === 'normal') delete root.dataset.textSize;
    else root.dataset.textSize = settings.textSize;
  };
  apply(useSettings.getState());
  useSettings.subscribe((settings) => {
    writeLocal(KEY, settings);
    apply(settings);
  });
}
