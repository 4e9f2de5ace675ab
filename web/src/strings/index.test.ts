import { beforeEach, expect, it, vi } from 'vitest';
import { changeSettings } from '../state/settings';
import { de } from './de';
import { currentLanguage, installLanguage, strings } from './index';
import { allEn } from './seldom';

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

/** The names of all texts. */
function keys(value: unknown, path = ''): string[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value).flatMap(([key, inner]) => keys(inner, `${path}.${key}`)) : [path];
}

it('every text is there in every language', () => {
  expect(keys(de).toSorted()).toEqual(keys(allEn).toSorted());
});
