import { describe, expect, it } from 'vitest';
import { finishedSentences, speakable } from './sentences';

describe('finishedSentences', () => {
  it('gives only sentences that have ended', () => {
    expect(finishedSentences('One. Two is not', 0)).toEqual({ sentences: 'One.', end: 4 });
    expect(finishedSentences('One. Two is not', 4)).toEqual({ sentences: '', end: 4 });
    expect(finishedSentences('One. Two is not over! ', 4)).toEqual({ sentences: 'Two is not over!', end: 21 });
  });

  it('does not end a sentence inside a number', () => {
    expect(finishedSentences('It is 3.14', 0).sentences).toBe('');
  });

  it('ends at lines, so that list items are spoken one by one', () => {
    expect(finishedSentences('- **first**\n- sec', 0).sentences).toBe('first');
  });
});

describe('speakable', () => {
  it('drops marks and keeps words', () => {
    expect(speakable('## A *bold* [link](https://x.example)\n```js\nlet a = 1;\n```')).toBe('A bold link let a = 1;');
  });
});
