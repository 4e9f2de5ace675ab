import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';

/** Within this many pixels the view counts as being at the end. */
const NEAR_PX = 48;

/** After a jump to a place further up, messages are put before it and measured for a while: none of these scrolls is a way back, in milliseconds. */
const JUMP_MS = 1_000;

/** After a way to the end, the list still measures messages and moves the view for it: for so long it is brought back, in milliseconds. */
const SETTLE_MS = 1_000;

/** A scroll that comes this long after a wheel, key or touch is the person's, in milliseconds. */
const INTENT_MS = 600;

export interface FollowEnd {
  /** False while the person reads further up. */
  following: boolean;
  toEnd: () => void;
  /** Stops following, for a jump to a place further up. */
  leaveEnd: () => void;
}

/**
 * Keeps a scroller at its end while its content grows, as long as the person is there; the smallest scroll upwards by
 * the person ends it, coming back to the end begins it again. Nothing but the end ever moves the view.
 * `initially` is false where the view opens at a place further up.
 */
export function useFollowEnd(scroller: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>, initially: boolean): FollowEnd {
  const [following, setFollowing] = useState(initially);
  const state = useRef({ following: initially, lastTop: 0, lastIntent: -INTENT_MS, lastJump: -JUMP_MS, lastToEnd: -SETTLE_MS, pointerDown: false });

  const set = useCallback((value: boolean) => {
    state.current.following = value;
    setFollowing(value);
  }, []);

  const toEnd = useCallback(() => {
    set(true);
    // What moved the view before no longer counts: the list may still measure messages on the way.
    state.current.lastIntent = -INTENT_MS;
    state.current.lastToEnd = performance.now();
    const element = scroller.current;
    if (element) element.scrollTop = element.scrollHeight;
  }, [scroller, set]);

  const leaveEnd = useCallback(() => {
    state.current.lastJump = performance.now();
    set(false);
  }, [set]);

  useEffect(() => {
    const element = scroller.current;
    const inner = content.current;
    if (!element || !inner) return;
    const now = () => performance.now();
    const intent = () => {
      state.current.lastIntent = now();
    };
    const pointerDown = () => {
      state.current.pointerDown = true;
    };
    const pointerUp = () => {
      if (!state.current.pointerDown) return;
      state.current.pointerDown = false;
      intent();
    };
    const onScroll = () => {
      const current = state.current;
      const distance = element.scrollHeight - element.scrollTop - element.clientHeight;
      const upwards = element.scrollTop < current.lastTop - 1;
      const byPerson = current.pointerDown || now() - current.lastIntent < INTENT_MS;
      current.lastTop = element.scrollTop;
      if (distance <= NEAR_PX && !upwards) {
        const isJump = !byPerson && now() - current.lastJump < JUMP_MS;
        if (!current.following && !isJump) set(true);
      } else if (upwards && byPerson && current.following) {
        set(false);
      }
      const settling = current.following && !byPerson && now() - current.lastToEnd < SETTLE_MS;
      if (settling && distance > 1) element.scrollTop = element.scrollHeight;
    };
    const keepAtEnd = () => {
      if (state.current.following) element.scrollTop = element.scrollHeight;
    };
    const observer = new ResizeObserver(keepAtEnd);
    observer.observe(inner);
    observer.observe(element);
    const passive = { passive: true };
    element.addEventListener('scroll', onScroll, passive);
    element.addEventListener('wheel', intent, passive);
    element.addEventListener('touchmove', intent, passive);
    element.addEventListener('keydown', intent);
    element.addEventListener('pointerdown', pointerDown);
    window.addEventListener('pointerup', pointerUp);
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', onScroll);
      element.removeEventListener('wheel', intent);
      element.removeEventListener('touchmove', intent);
      element.removeEventListener('keydown', intent);
      element.removeEventListener('pointerdown', pointerDown);
      window.removeEventListener('pointerup', pointerUp);
    };
  }, [scroller, content, set]);

  return { following, toEnd, leaveEnd };
}
