// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from 'vitest';

/** The page as another tab, or this one loaded anew, has it. */
async function tab(name: string): Promise<typeof import('./drafts')> {
  vi.resetModules();
  sessionStorage.setItem('manent.tab', name);
  return import('./drafts');
}

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

it('keeps a draft when another tab sends in the same conversation', async () => {
  const one = await tab('one');
  one.writeDraft('c', 'half a thou');
  const two = await tab('two');
  two.writeDraft('c', 'quick');
  two.writeDraft('c', '');
  expect((await tab('one')).readDraft('c')).toBe('half a thou');
});

it('goes on with the words of a tab that is gone, and takes them with it', async () => {
  (await tab('one')).writeDraft('c', 'half a thou');
  const two = await tab('two');
  expect(two.readDraft('c')).toBe('half a thou');
  two.writeDraft('c', 'half a thought');
  expect(two.readDraft('c')).toBe('half a thought');
  two.writeDraft('c', '');
  expect([two.readDraft('c'), localStorage.length]).toEqual(['', 0]);
});

it('reads what a page of before has kept, and what is no draft as none', async () => {
  const { readDraft } = await tab('one');
  localStorage.setItem('manent.draft.c', JSON.stringify('from before'));
  localStorage.setItem('manent.draft.d', JSON.stringify([1, ['x'], ['two', 'words']]));
  localStorage.setItem('manent.draft.e', '{');
  expect(['c', 'd', 'e', 'f'].map(readDraft)).toEqual(['from before', 'words', '', '']);
});
