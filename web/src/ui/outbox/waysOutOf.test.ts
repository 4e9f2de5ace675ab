import { expect, it } from 'vitest';
import { causeOf, waysOutOf } from './waysOutOf';

const reason = (code: string, blockedBy?: string) => ({ code, detail: '', ...(blockedBy === undefined ? {} : { blockedBy }) });

it('offers what can help, what is most likely to first', () => {
  expect(waysOutOf(reason('message_too_large'))).toEqual(['edit', 'again', 'copy', 'discard']);
  expect(waysOutOf(reason('parent_unknown'))).toEqual(['edit', 'branch', 'again', 'copy', 'discard']);
  expect(waysOutOf(reason('blocked', 'm'))).toEqual(['showBlocker', 'branch', 'copy', 'discard']);
  expect(waysOutOf(reason('withdrawn'))).toEqual(['edit', 'again', 'copy', 'discard']);
});

it('offers a new chat where the conversation is missing, and no place in it', () => {
  expect(waysOutOf(reason('conversation_not_found'))).toEqual(['newChat', 'again', 'copy', 'discard']);
  expect(waysOutOf(reason('blocked', 'm'), { cause: 'conversation_not_found' })).toEqual(['showBlocker', 'newChat', 'copy', 'discard']);
});

it('puts no answer anywhere without its question', () => {
  expect(waysOutOf(reason('blocked', 'm'), { isAnswer: true })).toEqual(['showBlocker', 'copy', 'discard']);
  expect(waysOutOf(reason('parent_unknown'), { isAnswer: true })).toEqual(['again', 'copy', 'discard']);
  expect(waysOutOf(reason('conversation_not_found'), { isAnswer: true })).toEqual(['again', 'copy', 'discard']);
});

it('finds what blocks a message at last, through all that stands between', () => {
  const saves = new Map([
    ['b', { reason: reason('blocked', 'a') }],
    ['a', { reason: reason('conversation_not_found') }],
  ]);
  expect(causeOf(reason('blocked', 'b'), saves)).toBe('conversation_not_found');
  expect(causeOf(reason('blocked', 'gone'), saves)).toBe('blocked');
  expect(causeOf(reason('blocked', 'c'), new Map([['c', { reason: reason('blocked', 'c') }]]))).toBe('blocked');
  expect(causeOf(null, saves)).toBe('');
});

it('offers everything where the reason is new to the page', () => {
  expect(waysOutOf(reason('moon_phase'))).toEqual(['edit', 'again', 'branch', 'copy', 'discard']);
  expect(waysOutOf(null)).toEqual(['edit', 'again', 'branch', 'copy', 'discard']);
});
