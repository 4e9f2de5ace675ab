import { expect, it } from 'vitest';
import { de } from './de';
import { en } from './en';

it('what can go wrong has a sentence in every language', () => {
  expect(Object.keys(de.problems).toSorted()).toEqual(Object.keys(en.problems).toSorted());
});
