import { useEffect, useMemo } from 'react';
import { shownPath } from '../../core/messageTree';
import { useDelayed } from '../../hooks/useDelayed';
import { conversationService } from '../../services/services';
import { emptyThread, useStore } from '../../state/store';
import { changeUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { Banners } from '../banners/Banners';
import { Composer } from '../composer/Composer';
import { newChat, restoreConversation, archiveConversation } from '../commands';
import { Header } from '../Header';
import { MessageList } from './MessageList';

/** An open conversation: its header, its messages and the composer. */
export function ThreadView({ conversationId, targetMessageId }: { conversationId: string; targetMessageId: string | null }) {
  const texts = useStrings();
  const thread = useStore((state) => state.threads[conversationId]) ?? emptyThread;
  const conversation = useStore((state) => state.conversations[conversationId]);
  const reachable = useStore((state) => state.connectivity.reachable);
  const path = useMemo(() => shownPath(thread.messages, thread.choices), [thread.messages, thread.choices]);
  const showSkeleton = useDelayed(thread.status === 'loading' && path.length === 0, 300);

  useEffect(() => {
    // Also while the server is away: then this device's copy is shown.
    conversationService.open(conversationId).catch(() => undefined);
    return () => changeUi({ editing: null });
  }, [conversationId, reachable]);

  return (
    <>
      <Header conversation={conversation} />
      {conversation?.trashedAt && (
        <Notice text={texts.conversation.inTrash} action={texts.conversation.restore} run={() => restoreConversation(conversationId)} />
      )}
      {conversation?.archived && !conversation.trashedAt && (
        <Notice text={texts.conversation.inArchive} action={texts.conversation.unarchive} run={() => archiveConversation(conversationId, false)} />
      )}
      {thread.isGone && thread.status === 'ready' && <Notice text={texts.conversation.gone} action={texts.sidebar.newChat} run={newChat} />}
      {thread.status === 'missing' && <Dead text={texts.conversation.missing} action={texts.sidebar.newChat} run={newChat} />}
      {thread.status === 'failed' && path.length === 0 && (
        <Dead text={texts.conversation.failed} action={texts.tryAgain} run={() => conversationService.open(conversationId).catch(() => undefined)} />
      )}
      {thread.status === 'missing' || (thread.status === 'failed' && path.length === 0) ? (
        <Banners />
      ) : (
        <>
          {path.length > 0 ? (
            <MessageList key={conversationId} conversationId={conversationId} path={path} thread={thread} targetMessageId={targetMessageId} />
          ) : (
            <div className="scroller">{showSkeleton && <ThreadSkeleton />}</div>
          )}
          {thread.isCopy && !reachable && <p className="copy-note">{texts.conversation.isCopy}</p>}
          <Banners />
          <Composer key={conversationId} conversationId={conversationId} path={path} ready={thread.status === 'ready'} />
        </>
      )}
    </>
  );
}

function Notice({ text, action, run }: { text: string; action: string; run: () => void }) {
  return (
    <div className="notice" role="status">
      <span>{text}</span>
      <button type="button" className="text-button" onClick={run}>
        {action}
      </button>
    </div>
  );
}

function Dead({ text, action, run }: { text: string; action: string; run: () => void }) {
  return (
    <div className="dead-end">
      <p>{text}</p>
      <button type="button" className="button" onClick={run}>
        {action}
      </button>
    </div>
  );
}

function ThreadSkeleton() {
  return (
    <div className="thread-skeleton" aria-hidden>
      <span className="skeleton" />
      <span className="skeleton" />
      <span className="skeleton" />
      <span className="skeleton" />
    </div>
  );
}
