import { Archive, ArrowLeft, CircleUser, Keyboard, PanelLeftClose, Search, Settings, SquarePen, Trash2, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { conversationService } from '../../services/services';
import { owner } from '../../state/localValue';
import { changeSettings } from '../../state/settings';
import type { ListKind } from '../../state/store';
import { changeUi, useUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { newChat } from '../commands';
import { TrayRow } from '../outbox/TrayButton';
import { ConversationList } from './ConversationList';
import { SearchResults } from './SearchResults';

/** Conversations: search, lists, archive, trash. */
export function Sidebar({ asSheet }: { asSheet: boolean }) {
  const texts = useStrings();
  const list = useUi((state) => state.list);
  const query = useUi((state) => state.query);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (list !== 'main') conversationService.loadList(list).catch(() => undefined);
  }, [list]);

  const clear = () => {
    changeUi({ query: '' });
    input.current?.focus();
  };
  const collapse = () => (asSheet ? changeUi({ sheetOpen: false }) : changeSettings({ sidebarCollapsed: true }));

  return (
    <>
      <div className="sidebar-head">
        <span className="brand">{texts.appName}</span>
        <span className="spacer" />
        {owner && (
          <button type="button" className="icon-button" aria-label={texts.sidebar.account(owner.name)} title={texts.sidebar.account(owner.name)} onClick={() => changeUi({ dialog: 'settings', settingsPage: 'account' })}>
            <CircleUser aria-hidden />
          </button>
        )}
        <button type="button" className="icon-button" aria-label={texts.sidebar.collapse} title={texts.sidebar.collapse} onClick={collapse}>
          {asSheet ? <X aria-hidden /> : <PanelLeftClose aria-hidden />}
        </button>
      </div>
      <div className="sidebar-actions">
        <button type="button" className="new-chat" onClick={newChat}>
          <SquarePen aria-hidden />
          {texts.sidebar.newChat}
        </button>
        <div className="search-field" role="search">
          <Search aria-hidden />
          <input
            ref={input}
            id="search-input"
            type="search"
            value={query}
            placeholder={texts.sidebar.search}
            aria-label={texts.sidebar.searchLabel}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => changeUi({ query: event.target.value })}
            onKeyDown={(event) => {
              if (event.key === 'Escape' && query !== '') {
                event.stopPropagation();
                clear();
              }
            }}
          />
          {query !== '' && (
            <button type="button" className="icon-button small" aria-label={texts.sidebar.clearSearch} title={texts.sidebar.clearSearch} onClick={clear}>
              <X aria-hidden />
            </button>
          )}
        </div>
      </div>
      <div className="sidebar-body">
        {query.trim() !== '' ? (
          <SearchResults query={query} />
        ) : (
          <>
            {list !== 'main' && <ListHead list={list} />}
            <ConversationList kind={list} key={list} />
          </>
        )}
      </div>
      <TrayRow />
      <Foot list={list} />
    </>
  );
}

function ListHead({ list }: { list: ListKind }) {
  const texts = useStrings();
  return (
    <div className="list-head">
      <button type="button" className="icon-button small" aria-label={texts.sidebar.back} title={texts.sidebar.back} onClick={() => changeUi({ list: 'main' })}>
        <ArrowLeft aria-hidden />
      </button>
      <h2>{list === 'archived' ? texts.sidebar.archive : texts.sidebar.trash}</h2>
    </div>
  );
}

function Foot({ list }: { list: ListKind }) {
  const texts = useStrings();
  const toggle = (kind: ListKind) => changeUi({ list: list === kind ? 'main' : kind, query: '' });
  return (
    <div className="sidebar-foot">
      <button type="button" className="foot-button" title={texts.sidebar.archive} aria-pressed={list === 'archived'} onClick={() => toggle('archived')}>
        <Archive aria-hidden />
        <span>{texts.sidebar.archive}</span>
      </button>
      <button type="button" className="foot-button" title={texts.sidebar.trash} aria-pressed={list === 'trash'} onClick={() => toggle('trash')}>
        <Trash2 aria-hidden />
        <span>{texts.sidebar.trash}</span>
      </button>
      <span className="spacer" />
      <button type="button" className="icon-button" aria-label={texts.keys.title} title={texts.keys.title} onClick={() => changeUi({ dialog: 'keys' })}>
        <Keyboard aria-hidden />
      </button>
      <button type="button" className="icon-button" aria-label={texts.settings.title} title={texts.settings.title} onClick={() => changeUi({ dialog: 'settings', settingsPage: 'general' })}>
        <Settings aria-hidden />
      </button>
    </div>
  );
}
