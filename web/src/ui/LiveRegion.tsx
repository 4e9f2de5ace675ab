import { useStore } from '../state/store';

/** What a screen reader hears of an answer: finished sentences, one after another. */
export function LiveRegion() {
  const { text, count } = useStore((state) => state.announcement);
  return (
    <div className="visually-hidden" aria-live="polite" aria-atomic="true" data-testid="live-region">
      <span key={count}>{text}</span>
    </div>
  );
}
