import { ArrowDown } from 'lucide-react';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Virtualizer, type VirtualizerHandle } from 'virtua';
import type { PathItem } from '../../core/messageTree';
import { textOf } from '../../core/messages';
import { useFollowEnd } from '../../hooks/useFollowEnd';
import { mathRenderer, mayHoldMath } from '../../markdown/lazyMath';
import { conversationService, messageService } from '../../services/services';
import { type Thread, useStore } from '../../state/store';
import { useUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { MessageRow } from './MessageRow';

/** How near to the beginning of what is loaded the view may come before older messages are read, in pixels. */
const LOAD_OLDER_PX = 1_200;

/** How many messages at the end are looked at for formulas, and how long these are waited for, in milliseconds. */
const SETTLE_MESSAGES = 6;
const SETTLE_LIMIT_MS = 400;

interface Properties {
  conversationId: string;
  path: readonly PathItem[];
  thread: Thread;
  targetMessageId: string | null;
}

/** The messages of the shown path. Only those near the view are in the document. */
export function MessageList({ conversationId, path, thread, targetMessageId }: Properties) {
  const texts = useStrings();
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const { following, toEnd, leaveEnd } = useFollowEnd(scroller, content, targetMessageId === null);
  const answering = useStore((state) => conversationId in state.answers);
  const editing = useUi((state) => state.editing);
  const shift = useGrewAtStart(path);
  const canLoadOlder = thread.older !== null && !thread.loadingOlder;

  const loadOlderIfNear = useCallback(() => {
    if (canLoadOlder && scroller.current && scroller.current.scrollTop < LOAD_OLDER_PX) conversationService.loadOlder(conversationId).catch(() => undefined);
  }, [canLoadOlder, conversationId]);

  useLayoutEffect(() => {
    if (targetMessageId === null) list.current?.scrollToIndex(path.length - 1, { align: 'end' });
    // Only where the list opens: from then on following decides.
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);

  // A message of one's own, or a new answer, brings the view back to the end.
  const lastId = path.at(-1)?.message.id;
  const lastRole = path.at(-1)?.message.role;
  const knownLast = useRef(lastId);
  useEffect(() => {
    if (lastId === knownLast.current) return;
    knownLast.current = lastId;
    // With the frame that draws it: measuring here would lay out twice before it.
    if (answering || lastRole === 'user') requestAnimationFrame(toEnd);
  }, [lastId, lastRole, answering, toEnd]);

  useTarget(conversationId, path, thread, targetMessageId, list, leaveEnd);

  // A short page has no room to scroll: fill the view first.
  useEffect(loadOlderIfNear, [loadOlderIfNear, path.length]);

  // What is edited is brought into view and stays there, whatever grows below it.
  const editingIndex = editing === null ? -1 : path.findIndex((item) => item.message.id === editing);
  useEffect(() => {
    if (editingIndex < 0) return;
    leaveEnd();
    list.current?.scrollToIndex(editingIndex, { align: 'nearest' });
  }, [editingIndex, leaveEnd]);

  const settled = useSettled(path, targetMessageId === null ? toEnd : null);
  return (
    <div className="scroller-frame">
      <div className="scroller" ref={scroller} tabIndex={0} role="region" aria-label={texts.thread.label} onScroll={loadOlderIfNear}>
        <div className="thread" ref={content} data-settling={!settled || undefined}>
          <Virtualizer
            ref={list}
            scrollRef={scroller}
            data={path}
            shift={shift}
            bufferSize={600}
            keepMounted={editingIndex >= 0 ? [editingIndex, path.length - 1] : [path.length - 1]}
          >
            {(item, index) => (
              <MessageRow
                key={item.message.id}
                message={item.message}
                siblings={item.siblings}
                siblingIndex={item.index}
                isFirst={index === 0 && item.message.parentId === null}
                isLast={index === path.length - 1}
                marked={item.message.id === targetMessageId}
              />
            )}
          </Virtualizer>
        </div>
      </div>
      {thread.loadingOlder && (
        <p className="older-note" role="status">
          {texts.conversation.loadingOlder}
        </p>
      )}
      {!following && (
        <button type="button" className="new-below" onClick={toEnd}>
          <ArrowDown aria-hidden />
          {answering ? texts.thread.newBelow : texts.thread.toEnd}
        </button>
      )}
    </div>
  );
}

/**
 * False until the list has found its place. It is hidden that long, a few frames, so that nobody sees messages being measured and
 * moved; formulas at the end are waited for a little, because they change heights.
 */
function useSettled(path: readonly PathItem[], toEnd: (() => void) | null): boolean {
  const [settled, setSettled] = useState(false);
  const opened = useRef({ path, toEnd });
  useEffect(() => {
    let frame = 0;
    const { path: shown, toEnd: goToEnd } = opened.current;
    const needsMath = shown.slice(-SETTLE_MESSAGES).some((item) => mayHoldMath(textOf(item.message.content)));
    const waitLimit = new Promise<void>((resolve) => setTimeout(resolve, SETTLE_LIMIT_MS));
    let cancelled = false;
    void Promise.race([needsMath ? mathRenderer.load() : Promise.resolve(), waitLimit]).then(() => {
      const step = (left: number) => {
        if (cancelled) return;
        goToEnd?.();
        if (left === 0) setSettled(true);
        else frame = requestAnimationFrame(() => step(left - 1));
      };
      step(2);
    });
    return () => {
      cancelled = true;
      cancelAnimationFrame(frame);
    };
  }, []);
  return settled;
}

/** True for the one drawing in which older messages have been put before the others. */
function useGrewAtStart(path: readonly PathItem[]): boolean {
  const before = useRef<{ first: string | undefined; last: string | undefined; length: number }>({ first: undefined, last: undefined, length: 0 });
  const first = path[0]?.message.id;
  const last = path.at(-1)?.message.id;
  const known = before.current;
  const grew = known.first !== undefined && first !== known.first && last === known.last && path.length > known.length;
  useLayoutEffect(() => {
    before.current = { first, last, length: path.length };
  });
  return grew;
}

/** Brings a searched message into view: chooses its branch, and reads older pages until it is there. */
function useTarget(
  conversationId: string,
  path: readonly PathItem[],
  thread: Thread,
  targetMessageId: string | null,
  list: React.RefObject<VirtualizerHandle | null>,
  leaveEnd: () => void,
): void {
  const reached = useRef<string | null>(null);
  useEffect(() => {
    if (targetMessageId === null || reached.current === targetMessageId || thread.status !== 'ready') return;
    const index = path.findIndex((item) => item.message.id === targetMessageId);
    if (index >= 0) {
      reached.current = targetMessageId;
      leaveEnd();
      // On the next frame: the list first takes in what has just been put before.
      requestAnimationFrame(() => list.current?.scrollToIndex(index, { align: 'center' }));
    } else if (thread.messages.has(targetMessageId)) {
      messageService.chooseBranch(conversationId, targetMessageId);
    } else if (thread.older !== null) {
      conversationService.loadOlder(conversationId).catch(() => undefined);
    }
  }, [conversationId, path, thread, targetMessageId, list, leaveEnd]);
}
