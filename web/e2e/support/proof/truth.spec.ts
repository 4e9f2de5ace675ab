import { expect, test } from '@playwright/test';
import type { Shown, ShownState } from './shown.ts';
import { BEHIND_MS, UNMARKED_MS, untruths } from './truth.ts';

const shown = (at: number, state: ShownState, extra: Partial<Shown> = {}): Shown => ({ at, tab: 't', messageId: 'm', state, ...extra });
const stored = (at?: number) => new Map(at === undefined ? [] : [['m', at]]);
const kinds = (sentences: string[]) => sentences.map((sentence) => sentence.replace(/^m in [a-z]: /, '').replace(/ \(.*$/, ''));

test('the truth is found true', () => {
  const story = [shown(0, 'none'), shown(1_100, 'waiting', { isOnDevice: true, lookedAt: 1_110 }), shown(5_000, 'sending', { isOnDevice: false, lookedAt: 5_060 }), shown(5_100, 'saved')];
  expect(untruths(story, stored(5_050), 9_000)).toEqual([]);
});

test('saved is a lie before the server has it, and when it never gets it', () => {
  expect(kinds(untruths([shown(10, 'saved')], stored(11), 100))).toEqual(['shown as saved before the server had it']);
  expect(kinds(untruths([shown(10, 'saved')], stored(), 100))).toEqual(['shown as saved before the server had it']);
});

test('no mark is a lie when it stays and the server does not have the message', () => {
  const lie = [`shown without a mark for ${UNMARKED_MS + 1} ms and not saved`];
  expect(kinds(untruths([shown(0, 'none')], stored(), UNMARKED_MS + 1))).toEqual(lie);
  expect(kinds(untruths([shown(0, 'none'), shown(UNMARKED_MS + 1, 'waiting')], stored(9_000), 10_000))).toEqual(lie);
  expect(untruths([shown(0, 'none'), shown(UNMARKED_MS - 1, 'waiting')], stored(9_000), 10_000)).toEqual([]);
  expect(untruths([shown(0, 'none')], stored(UNMARKED_MS), 10_000)).toEqual([]);
});

test('a mark that says kept is a lie when neither the device nor the server has the message', () => {
  const looked = [shown(0, 'queued', { isOnDevice: false, lookedAt: 5 })];
  expect(kinds(untruths(looked, stored(6), 10))).toEqual(['shown as queued, but this device did not keep it']);
  expect(untruths(looked, stored(5), 10)).toEqual([]);
});

test('what was shown as saved is never shown as unsaved again in the same tab', () => {
  const story = [shown(10, 'saved'), shown(20, 'waiting'), shown(21, 'saved')];
  expect(kinds(untruths(story, stored(5), 30))).toEqual(['shown as waiting after it had been shown as saved']);
  expect(untruths([shown(10, 'waiting'), shown(20, 'saved')], stored(5), 30)).toEqual([]);
});

test('another tab may learn a moment later that it is saved, and no later', () => {
  const lie = ['shown as sending after it had been shown as saved in another tab'];
  const other = (at: number, state: ShownState) => shown(at, state, { tab: 'u' });
  const late = (until: number) => [shown(10, 'saved'), other(15, 'sending'), other(until, 'saved')];
  expect(untruths(late(10 + BEHIND_MS), stored(5), 5_000)).toEqual([]);
  expect(kinds(untruths(late(11 + BEHIND_MS), stored(5), 5_000))).toEqual(lie);
});
