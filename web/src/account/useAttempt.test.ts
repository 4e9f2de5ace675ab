import { ApiProblem } from '@manent/client';
import { expect, it } from 'vitest';
import { en } from './texts/en';
import { sentenceOf } from './useAttempt';

it('what is not filled in rightly is told in words of a person where there are some, else in the server’s', () => {
  const told = (field: string) => sentenceOf(new ApiProblem(422, 'invalid_value', `${field}: must be otherwise.`, field), en);
  expect(told('email')).toBe('This is no e-mail address. One looks like name@example.org.');
  expect(told('baseURL')).toBe('This address cannot be used here. It has to begin with https:// or http://, and to lead to a public address or to one that this server allows.');
  expect(told('moon')).toBe('moon: must be otherwise.');
});
