import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from 'react';
import { changeSettings, useSettings } from '../../state/settings';
import { changeUi, useUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { Sidebar } from './Sidebar';

const NARROWEST = 200;
const WIDEST = 420;
const STEP = 16;

/** Where the side stands: beside the page, away, or as a sheet over it on narrow screens. */
export function SidebarFrame({ narrow, collapsed }: { narrow: boolean; collapsed: boolean }) {
  const texts = useStrings();
  const sheetOpen = useUi((state) => state.sheetOpen);
  const panel = useRef<HTMLElement>(null);

  useEffect(() => {
    if (!narrow || !sheetOpen) return;
    const opener = document.activeElement;
    if (!panel.current?.contains(opener)) panel.current?.querySelector<HTMLElement>('button')?.focus();
    return () => {
      if (document.activeElement === document.body && opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, [narrow, sheetOpen]);

  if (narrow) {
    return (
      <>
        {sheetOpen && <div className="sheet-shade" onPointerDown={() => changeUi({ sheetOpen: false })} />}
        <aside ref={panel} className="sidebar sheet" data-open={sheetOpen || undefined} inert={!sheetOpen} aria-label={texts.sidebar.label}>
          <Sidebar asSheet />
        </aside>
      </>
    );
  }
  if (collapsed) return null;
  return (
    <aside className="sidebar" aria-label={texts.sidebar.label}>
      <Sidebar asSheet={false} />
      <Resizer />
    </aside>
  );
}

function Resizer() {
  const texts = useStrings();
  const width = useSettings((settings) => settings.sidebarWidth);
  const set = (value: number) => changeSettings({ sidebarWidth: Math.round(Math.min(WIDEST, Math.max(NARROWEST, value))) });
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    const handle = event.currentTarget;
    const toStart = getComputedStyle(handle).direction === 'rtl' ? -1 : 1;
    const begun = event.clientX;
    handle.setPointerCapture(event.pointerId);
    const move = (moved: globalThis.PointerEvent) => set(width + (moved.clientX - begun) * toStart);
    handle.addEventListener('pointermove', move);
    handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', move), { once: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowLeft') set(width - STEP);
    if (event.key === 'ArrowRight') set(width + STEP);
  };
  return (
    <div
      className="resizer"
      role="separator"
      aria-orientation="vertical"
      aria-label={texts.sidebar.resize}
      aria-valuenow={width}
      aria-valuemin={NARROWEST}
      aria-valuemax={WIDEST}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
    />
  );
}
