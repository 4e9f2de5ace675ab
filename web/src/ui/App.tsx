import { type CSSProperties, useEffect } from 'react';
import { useNarrow } from '../hooks/useNarrow';
import { useSettings } from '../state/settings';
import { useStore } from '../state/store';
import { changeUi, useUi } from '../state/ui';
import { useLanguage, useStrings } from '../strings';
import { DemoDialog, ItemDialog, KeysDialog, loadSeldomShown, ModelDialog, SettingsDialog, SignInDialog, TrayDialog } from './dialogs/lazyDialogs';
import { Palette } from './dialogs/Palette';
import { LiveRegion } from './LiveRegion';
import { OutboxAnnouncer } from './outbox/OutboxAnnouncer';
import { useRoute } from './router';
import { SidebarFrame } from './sidebar/SidebarFrame';
import { StartView } from './StartView';
import { ThreadView } from './thread/ThreadView';
import { Toasts } from './Toasts';

/** How long after the page is there the parts are read that are shown seldom, in milliseconds. */
const SELDOM_SHOWN_AFTER_MS = 3_000;

export function App() {
  const texts = useStrings();
  const language = useLanguage();
  const route = useRoute();
  const narrow = useNarrow();
  const collapsed = useSettings((settings) => settings.sidebarCollapsed);
  const width = useSettings((settings) => settings.sidebarWidth);
  const title = useStore((state) => (route.conversationId ? state.conversations[route.conversationId]?.title : null));
  const sheetOpen = useUi((state) => state.sheetOpen);

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useEffect(() => {
    document.title = title ? `${title} · ${texts.appName}` : texts.appName;
  }, [title, texts]);
  useEffect(() => {
    const timer = setTimeout(loadSeldomShown, SELDOM_SHOWN_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    if (!narrow && sheetOpen) changeUi({ sheetOpen: false });
  }, [narrow, sheetOpen]);

  return (
    <div className="page" data-collapsed={(!narrow && collapsed) || undefined} style={{ '--sidebar-width': `${width}px` } as CSSProperties}>
      <a className="skip-link" href="#composer-input">
        {texts.skipToComposer}
      </a>
      <SidebarFrame narrow={narrow} collapsed={collapsed} />
      <main className="main" inert={narrow && sheetOpen}>
        {route.conversationId === null ? <StartView /> : <ThreadView key={route.conversationId} conversationId={route.conversationId} targetMessageId={route.messageId} />}
      </main>
      <Dialogs />
      <Toasts />
      <LiveRegion />
      <OutboxAnnouncer />
    </div>
  );
}

function Dialogs() {
  const dialog = useUi((state) => state.dialog);
  switch (dialog) {
    case 'settings':
      return <SettingsDialog />;
    case 'model':
      return <ModelDialog />;
    case 'keys':
      return <KeysDialog />;
    case 'demo':
      return <DemoDialog />;
    case 'tray':
      return <TrayDialog />;
    case 'item':
      return <ItemDialog />;
    case 'signIn':
      return <SignInDialog />;
    case 'palette':
      return <Palette />;
    case null:
      return null;
  }
}
