// @vitest-environment happy-dom
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { expect, it, vi } from 'vitest';
import { LiteralFallback } from './LiteralFallback';

it('shows the text as it is written when it cannot be drawn', async () => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  const Broken = () => {
    throw new RangeError('on purpose');
  };
  const target = document.createElement('div');
  const root = createRoot(target, { onCaughtError: () => undefined });
  await act(async () =>
    root.render(
      <>
        <LiteralFallback text="*a* <b>">
          <Broken />
        </LiteralFallback>
        <p>the rest</p>
      </>,
    ),
  );
  expect(target.innerHTML).toBe('<p class="literal">*a* &lt;b&gt;</p><p>the rest</p>');
  await act(async () => root.unmount());
  vi.unstubAllGlobals();
});
