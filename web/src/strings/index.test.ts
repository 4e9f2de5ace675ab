import { beforeEach, expect, it, vi } from 'vitest';
import { changeSettings } from '../state/settings';
import { currentLanguage, installLanguage, strings } from './index';

beforeEach(() => {
  vi.stubGlobal('navigator', { languages: ['fr-FR', 'de-CH', 'en'] });
});

it('speaks English until another language was read, and then that one', async () => {
  expect([currentLanguage(), strings().cancel]).toEqual(['de', 'Cancel']);
  await installLanguage();
  expect(strings().cancel).toBe('Abbrechen');
  changeSettings({ language: 'en' });
  expect([currentLanguage(), strings().cancel]).toEqual(['en', 'Cancel']);
  changeSettings({ language: 'system' });
  expect(strings().cancel).toBe('Abbrechen');
});
