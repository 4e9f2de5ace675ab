import { Menu, PanelLeftOpen, SlidersHorizontal, SquarePen } from 'lucide-react';
import type { Conversation } from '../api/types';
import { useNarrow } from '../hooks/useNarrow';
import { changeSettings, useSettings } from '../state/settings';
import { changeUi } from '../state/ui';
import { useStrings } from '../strings';
import { newChat } from './commands';
import { TrayIcon } from './outbox/TrayButton';

/** The title of what is open, and the ways to the list and to the conversation's settings. */
export function Header({ conversation }: { conversation: Conversation | undefined }) {
  const texts = useStrings();
  const narrow = useNarrow();
  const collapsed = useSettings((settings) => settings.sidebarCollapsed);
  return (
    <header className="header">
      {narrow ? (
        <button type="button" className="icon-button" aria-label={texts.sidebar.expand} title={texts.sidebar.expand} onClick={() => changeUi({ sheetOpen: true })}>
          <Menu aria-hidden />
        </button>
      ) : (
        collapsed && (
          <button type="button" className="icon-button" aria-label={texts.sidebar.expand} title={texts.sidebar.expand} onClick={() => changeSettings({ sidebarCollapsed: false })}>
            <PanelLeftOpen aria-hidden />
          </button>
        )
      )}
      <h1 dir="auto" title={conversation?.title ?? undefined}>
        {conversation?.title ?? texts.conversation.untitled}
      </h1>
      <span className="spacer" />
      {(narrow || collapsed) && <TrayIcon />}
      {(narrow || collapsed) && (
        <button type="button" className="icon-button" aria-label={texts.sidebar.newChat} title={texts.sidebar.newChat} onClick={newChat}>
          <SquarePen aria-hidden />
        </button>
      )}
      <button type="button" className="icon-button" aria-label={texts.conversation.settings} title={texts.conversation.settings} onClick={() => changeUi({ dialog: 'model' })}>
        <SlidersHorizontal aria-hidden />
      </button>
    </header>
  );
}
