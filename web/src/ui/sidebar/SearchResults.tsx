import { type KeyboardEvent, useMemo } from 'react';
import type { SearchHit, SnippetPiece } from '../../api/types';
import { matchTitle } from '../../core/titleSearch';
import { timeOf } from '../../hooks/useConversationList';
import { useMessageSearch } from '../../hooks/useMessageSearch';
import { useStore } from '../../state/store';
import { useLanguage, useStrings } from '../../strings';
import { address } from '../base';
import { openConversation } from '../commands';
import { isPlainClick } from '../router';
import { Snippet } from '../Snippet';

const MOST_TITLES = 12;

interface TitleHit {
  id: string;
  time: string;
  pieces: SnippetPiece[];
}

/** Titles at once from what this page has, messages from the server. */
export function SearchResults({ query }: { query: string }) {
  const texts = useStrings();
  const language = useLanguage();
  const titles = useTitleHits(query);
  const search = useMessageSearch(query);
  const known = new Set(titles.map((hit) => hit.id));
  const moreTitles = search.hits.filter((hit) => hit.kind === 'title' && !known.has(hit.conversationId));
  const messages = search.hits.filter((hit) => hit.kind === 'message');
  const count = titles.length + moreTitles.length + messages.length;
  const day = (time: string) => new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' }).format(new Date(time));

  return (
    <div className="search-results" onKeyDown={moveFocus}>
      {titles.length + moreTitles.length > 0 && (
        <section aria-labelledby="title-hits">
          <h2 id="title-hits">{texts.sidebar.titleHits}</h2>
          <ul>
            {titles.map((hit) => (
              <HitLink key={hit.id} conversationId={hit.id} messageId={null} time={day(hit.time)}>
                <span className="hit-title">
                  <Snippet pieces={hit.pieces} />
                </span>
              </HitLink>
            ))}
            {moreTitles.map((hit) => (
              <HitLink key={hit.conversationId} conversationId={hit.conversationId} messageId={null} time={day(hit.createdAt)}>
                <span className="hit-title">
                  <Snippet pieces={hit.snippet} />
                </span>
              </HitLink>
            ))}
          </ul>
        </section>
      )}
      {messages.length > 0 && (
        <section aria-labelledby="message-hits">
          <h2 id="message-hits">{texts.sidebar.messageHits}</h2>
          <ul>
            {messages.map((hit) => (
              <MessageHit key={hit.messageId} hit={hit} time={day(hit.createdAt)} />
            ))}
          </ul>
        </section>
      )}
      <p className="list-note" role="status">
        {search.status === 'failed' && texts.sidebar.searchFailed}
        {search.status === 'searching' && count === 0 && texts.sidebar.searching}
        {search.status !== 'searching' && search.status !== 'failed' && count === 0 && texts.sidebar.noHits}
        {search.status === 'ready' && count > 0 && <span className="visually-hidden">{texts.sidebar.hits(count)}</span>}
      </p>
    </div>
  );
}

function MessageHit({ hit, time }: { hit: SearchHit; time: string }) {
  const texts = useStrings();
  return (
    <HitLink conversationId={hit.conversationId} messageId={hit.messageId ?? null} time={time}>
      <span className="hit-title">{hit.conversationTitle ?? texts.conversation.untitled}</span>
      <span className="hit-snippet">
        <Snippet pieces={hit.snippet} />
      </span>
    </HitLink>
  );
}

function HitLink({ conversationId, messageId, time, children }: { conversationId: string; messageId: string | null; time: string; children: React.ReactNode }) {
  return (
    <li>
      <a
        className="hit"
        href={address(`/c/${conversationId}${messageId ? `?m=${messageId}` : ''}`)}
        onClick={(event) => {
          if (!isPlainClick(event)) return;
          event.preventDefault();
          openConversation(conversationId, messageId);
        }}
      >
        <span className="hit-time">{time}</span>
        {children}
      </a>
    </li>
  );
}

function useTitleHits(query: string): TitleHit[] {
  const conversations = useStore((state) => state.conversations);
  return useMemo(
    () =>
      Object.values(conversations)
        .filter((conversation) => conversation.trashedAt === null && conversation.title !== null)
        .map((conversation) => ({ id: conversation.id, time: timeOf(conversation), pieces: matchTitle(conversation.title ?? '', query) }))
        .filter((hit): hit is TitleHit => hit.pieces !== null)
        .sort((left, right) => right.time.localeCompare(left.time))
        .slice(0, MOST_TITLES),
    [conversations, query],
  );
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const links = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>('a.hit')];
  const index = links.indexOf(event.target as HTMLAnchorElement);
  const next = event.key === 'ArrowDown' ? links[index + 1] : links[index - 1];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
