import { expect, it } from 'vitest';
import { waysOutOf } from './waysOutOf';

const reason = (code: string, blockedBy?: string) => ({ code, detail: '', ...(blockedBy === undefined ? {} : { blockedBy }) });

it('offers what can help, what is most likely to first', () => {
  expect(waysOutOf(reason('message_too_large'))).toEqual(['edit', 'again', 'copy', 'discard']);
  expect(waysOutOf(reason('parent_unknown'))).toEqual(['edit', 'branch', 'again', 'copy', 'discard']);
  expect(waysOutOf(reason('blocked', 'm'))).toEqual(['showBlocker', 'branch', 'copy', 'discard']);
  expect(waysOutOf(reason('withdrawn'))).toEqual(['edit', 'again', 'copy', 'discard']);
});

it('offers everything where the reason is new to the page', () => {
  expect(waysOutOf(reason('moon_phase'))).toEqual(['edit', 'again', 'branch', 'copy', 'discard']);
  expect(waysOutOf(null)).toEqual(['edit', 'again', 'branch', 'copy', 'discard']);
});
