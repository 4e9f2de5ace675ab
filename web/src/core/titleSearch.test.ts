import { describe, expect, it } from 'vitest';
import { matchTitle } from './titleSearch';

describe('matchTitle', () => {
  it('marks every word, in any order and case, without accents', () => {
    expect(matchTitle('Über den Garten', 'gart uber')).toEqual([{ text: 'Über', match: true }, { text: ' den ' }, { text: 'Gart', match: true }, { text: 'en' }]);
  });

  it('needs all words', () => {
    expect(matchTitle('Plan the garden', 'plan tree')).toBeNull();
    expect(matchTitle('Plan the garden', '  ')).toBeNull();
  });

  it('finds words in titles whose folding changes their length', () => {
    expect(matchTitle('Cafe\u0301 trip', 'trip')).toEqual([{ text: 'Cafe\u0301 trip' }]);
  });
});
