// @vitest-environment happy-dom
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SaveInfo } from '../state/outbox';
import { useShownSave } from './useShownSave';

let target: HTMLElement;
let root: Root;

function Probe({ save }: { save: SaveInfo | undefined }) {
  return useShownSave(save)?.state ?? 'none';
}

const since = () => Date.now();
const save = (state: SaveInfo['state'], begun: number): SaveInfo => ({ conversationId: 'c', state, reason: null, until: null, since: begun, mayBeSent: false });
const draw = (given: SaveInfo | undefined) => act(async () => root.render(<Probe save={given} />));
const pass = (milliseconds: number) => act(async () => void vi.advanceTimersByTime(milliseconds));

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  vi.useFakeTimers();
  target = document.createElement('div');
  root = createRoot(target);
});

afterEach(async () => {
  await act(async () => root.unmount());
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('shows nothing of a message that is saved within a second', async () => {
  const begun = since();
  await draw(save('queued', begun));
  await pass(400);
  await draw(save('sending', begun));
  await pass(900);
  expect(target.textContent).toBe('none');
  await draw(undefined);
  await pass(5_000);
  expect(target.textContent).toBe('none');
});

it('shows sending once it has lasted a second, and a wait at once', async () => {
  const begun = since();
  await draw(save('sending', begun));
  await pass(1_000);
  expect(target.textContent).toBe('sending');
  await draw(save('waiting', begun));
  expect(target.textContent).toBe('waiting');
});

it('keeps the wait on show during a try that fails quickly', async () => {
  const begun = since();
  await draw(save('waiting', begun));
  await draw(save('sending', begun));
  await pass(600);
  expect(target.textContent).toBe('waiting');
  await draw(save('waiting', begun));
  await draw(save('sending', begun));
  await pass(600);
  expect(target.textContent).toBe('waiting');
  await pass(400);
  expect(target.textContent).toBe('sending');
  await draw(undefined);
  expect(target.textContent).toBe('none');
});

it('shows at once what was queued long ago, such as after scrolling back to it', async () => {
  await draw(save('queued', since() - 60_000));
  expect(target.textContent).toBe('queued');
});
