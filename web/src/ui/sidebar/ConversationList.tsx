import { type KeyboardEvent, useMemo } from 'react';
import type { Conversation } from '../../api/types';
import { type DayGroup, groupByDay } from '../../core/dayGroups';
import { timeOf, useConversationList } from '../../hooks/useConversationList';
import { conversationService } from '../../services/services';
import { type ListKind, useStore } from '../../state/store';
import { type Strings, useLanguage, useStrings } from '../../strings';
import { useRoute } from '../router';
import { ConversationRow } from './ConversationRow';

interface Section {
  key: string;
  label: string;
  items: Conversation[];
}

/** One list in its groups. Arrow keys go from row to row. */
export function ConversationList({ kind }: { kind: ListKind }) {
  const texts = useStrings();
  const language = useLanguage();
  const list = useStore((state) => state.lists[kind]);
  const conversations = useConversationList(kind);
  const { conversationId } = useRoute();
  const sections = useMemo(() => sectionsOf(conversations, kind, texts, language), [conversations, kind, texts, language]);

  if (conversations.length === 0) {
    if (list.status === 'failed') {
      return (
        <div className="list-note" role="status">
          <p>{texts.sidebar.failed}</p>
          <button type="button" className="text-button" onClick={() => conversationService.loadList(kind).catch(() => undefined)}>
            {texts.tryAgain}
          </button>
        </div>
      );
    }
    if (list.status !== 'ready') return <ListSkeleton />;
    const note = kind === 'main' ? texts.sidebar.empty : kind === 'archived' ? texts.sidebar.emptyArchive : texts.sidebar.emptyTrash;
    return <p className="list-note">{note}</p>;
  }
  return (
    <nav className="conversation-list" aria-label={texts.sidebar.label} onKeyDown={moveFocus}>
      {sections.map((section) => (
        <section key={section.key} aria-labelledby={`group-${kind}-${section.key}`}>
          <h2 id={`group-${kind}-${section.key}`}>{section.label}</h2>
          <ul>
            {section.items.map((conversation) => (
              <ConversationRow key={conversation.id} conversation={conversation} isOpen={conversation.id === conversationId} />
            ))}
          </ul>
        </section>
      ))}
      {list.next !== null && (
        <button
          type="button"
          className="text-button load-more"
          disabled={list.status === 'loading'}
          ref={(element) => (element ? loadWhenSeen(element, kind) : undefined)}
          onClick={() => conversationService.loadList(kind, { more: true }).catch(() => undefined)}
        >
          {texts.sidebar.loadMore}
        </button>
      )}
    </nav>
  );
}

function ListSkeleton() {
  return (
    <div className="skeleton-list" aria-hidden>
      {[72, 54, 66, 48, 60].map((width) => (
        <span key={width} className={`skeleton width-${width}`} />
      ))}
    </div>
  );
}

/** The button at the end of a list presses itself when it comes into view. */
function loadWhenSeen(element: HTMLElement, kind: ListKind): () => void {
  const observer = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) conversationService.loadList(kind, { more: true }).catch(() => undefined);
  });
  observer.observe(element);
  return () => observer.disconnect();
}

function sectionsOf(conversations: readonly Conversation[], kind: ListKind, texts: Strings, language: string): Section[] {
  const pinned = kind === 'main' ? conversations.filter((conversation) => conversation.pinned) : [];
  const rest = pinned.length > 0 ? conversations.filter((conversation) => !conversation.pinned) : conversations;
  const groups = groupByDay(rest, (conversation) => new Date(timeOf(conversation)), new Date()).map(({ key, group, items }) => ({
    key,
    label: groupLabel(group, texts, language),
    items,
  }));
  return pinned.length > 0 ? [{ key: 'pinned', label: texts.sidebar.pinned, items: pinned }, ...groups] : groups;
}

function groupLabel(group: DayGroup, texts: Strings, language: string): string {
  if (group.kind !== 'month') return texts.sidebar[group.kind];
  const sameYear = group.year === new Date().getFullYear();
  return new Intl.DateTimeFormat(language, sameYear ? { month: 'long' } : { month: 'long', year: 'numeric' }).format(new Date(group.year, group.month, 1));
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  if (!(event.target instanceof HTMLAnchorElement)) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>('a.row-link')];
  const index = rows.indexOf(event.target);
  const next =
    event.key === 'ArrowDown' ? rows[index + 1] : event.key === 'ArrowUp' ? rows[index - 1] : event.key === 'Home' ? rows[0] : event.key === 'End' ? rows.at(-1) : undefined;
  if (!next) return;
  event.preventDefault();
  next.focus();
}
