import { CornerDownLeft } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useId, useMemo, useState } from 'react';
import { matchTitle } from '../../core/titleSearch';
import { useConversationList } from '../../hooks/useConversationList';
import { useMessageSearch } from '../../hooks/useMessageSearch';
import { owner } from '../../state/localValue';
import { changeSettings, useSettings } from '../../state/settings';
import { useStore } from '../../state/store';
import { changeUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { archiveConversation, newChat, openConversation, pinConversation, removeConversation } from '../commands';
import { useRoute } from '../router';
import { Snippet } from '../Snippet';
import { Dialog } from './Dialog';

interface Entry {
  key: string;
  group: string;
  content: ReactNode;
  run: () => void;
}

const MOST_CONVERSATIONS = 8;
const MOST_MESSAGES = 8;

/** Commands, conversations and messages in one field. The focus stays in the field; arrow keys choose. */
export function Palette() {
  const texts = useStrings();
  const [query, setQuery] = useState('');
  const [index, setIndex] = useState(0);
  const id = useId();
  const entries = useEntries(query);
  const active = Math.min(index, Math.max(0, entries.length - 1));

  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    changeUi({ dialog: null });
    // After the dialog has given the focus back, so that what the entry focuses stays focused.
    requestAnimationFrame(entry.run);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const steps: Record<string, number> = { ArrowDown: active + 1, ArrowUp: active - 1 };
    const next = steps[event.key];
    if (next !== undefined && entries.length > 0) {
      event.preventDefault();
      setIndex((next + entries.length) % entries.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(entries[active]);
    }
  };
  return (
    <Dialog title={texts.palette.title} className="palette" bare>
      <input
        className="palette-input"
        role="combobox"
        aria-expanded={entries.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={entries[active] ? `${id}-${active}` : undefined}
        aria-autocomplete="list"
        aria-label={texts.palette.title}
        placeholder={texts.palette.placeholder}
        value={query}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setQuery(event.target.value);
          setIndex(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className="palette-list" role="listbox" id={`${id}-list`} aria-label={texts.palette.title}>
        {entries.map((entry, entryIndex) => (
          <div key={entry.key} role="presentation">
            {entry.group !== entries[entryIndex - 1]?.group && (
              <p className="palette-group" role="presentation">
                {entry.group}
              </p>
            )}
            <div
              id={`${id}-${entryIndex}`}
              role="option"
              aria-selected={entryIndex === active}
              className="palette-entry"
              ref={(element) => {
                if (entryIndex === active) element?.scrollIntoView({ block: 'nearest' });
              }}
              onPointerMove={() => setIndex(entryIndex)}
              onClick={() => run(entry)}
            >
              <span className="palette-text">{entry.content}</span>
              {entryIndex === active && <CornerDownLeft aria-hidden />}
            </div>
          </div>
        ))}
      </div>
      {entries.length === 0 && (
        <p className="list-note" role="status">
          {texts.palette.nothing}
        </p>
      )}
    </Dialog>
  );
}

function useEntries(query: string): Entry[] {
  const texts = useStrings();
  const conversations = useConversationList('main');
  const commands = useCommands();
  const search = useMessageSearch(query);
  return useMemo(() => {
    const wanted = query.trim();
    const entries: Entry[] = [];
    for (const command of commands) {
      const pieces = wanted === '' ? [{ text: command.text }] : matchTitle(command.text, wanted);
      if (pieces) entries.push({ key: command.text, group: texts.palette.commands, content: <Snippet pieces={pieces} />, run: command.run });
    }
    const fitting: Entry[] = [];
    for (const conversation of conversations) {
      if (fitting.length >= MOST_CONVERSATIONS) break;
      const title = conversation.title ?? texts.conversation.untitled;
      const pieces = wanted === '' ? [{ text: title }] : matchTitle(title, wanted);
      if (pieces) fitting.push({ key: conversation.id, group: texts.palette.conversations, content: <Snippet pieces={pieces} />, run: () => openConversation(conversation.id) });
    }
    const hits = wanted === '' ? [] : search.hits.filter((hit) => hit.kind === 'message').slice(0, MOST_MESSAGES);
    const messages = hits.map<Entry>((hit) => ({
      key: hit.messageId ?? '',
      group: texts.palette.messages,
      content: <Snippet pieces={hit.snippet} />,
      run: () => openConversation(hit.conversationId, hit.messageId ?? null),
    }));
    return wanted === '' ? [...entries, ...fitting] : [...fitting, ...entries, ...messages];
  }, [query, commands, conversations, search.hits, texts]);
}

function useCommands(): { text: string; run: () => void }[] {
  const texts = useStrings();
  const { conversationId } = useRoute();
  const theme = useSettings((settings) => settings.theme);
  const pinned = useStore((state) => (conversationId === null ? false : (state.conversations[conversationId]?.pinned ?? false)));
  const hasTray = useStore((state) => state.tray.length > 0);
  return useMemo(() => {
    const isDark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
    const open = conversationId === null ? [] : [
      { text: texts.palette.renameThis, run: () => changeUi({ renaming: conversationId, list: 'main', query: '', sheetOpen: true }) },
      { text: pinned ? texts.palette.unpinThis : texts.palette.pinThis, run: () => pinConversation(conversationId, !pinned) },
      { text: texts.palette.archiveThis, run: () => archiveConversation(conversationId, true) },
      { text: texts.palette.removeThis, run: () => removeConversation(conversationId) },
    ];
    return [
      { text: texts.sidebar.newChat, run: newChat },
      { text: texts.conversation.settings, run: () => changeUi({ dialog: 'model' }) },
      ...open,
      { text: texts.palette.openArchive, run: () => changeUi({ list: 'archived', query: '', sheetOpen: true }) },
      { text: texts.palette.openTrash, run: () => changeUi({ list: 'trash', query: '', sheetOpen: true }) },
      ...(hasTray ? [{ text: texts.palette.openTray, run: () => changeUi({ dialog: 'tray' }) }] : []),
      ...(owner ? [{ text: texts.palette.openAccount, run: () => changeUi({ dialog: 'settings', settingsPage: 'account' }) }] : []),
      { text: texts.palette.openEngine, run: () => changeUi({ dialog: 'settings', settingsPage: 'engine' }) },
      { text: texts.palette.toggleTheme, run: () => changeSettings({ theme: isDark ? 'light' : 'dark' }) },
      { text: texts.settings.title, run: () => changeUi({ dialog: 'settings', settingsPage: 'general' }) },
      { text: texts.keys.title, run: () => changeUi({ dialog: 'keys' }) },
    ];
  }, [texts, conversationId, theme, pinned, hasTray]);
}
