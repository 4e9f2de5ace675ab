import { useContext, useLayoutEffect, useRef } from 'react';
import { GrowingContext } from './growingContext';
import { mathRenderer } from './lazyMath';

/**
 * A formula. Its source stands in until the renderer has been loaded, and for what is no formula; while the text grows,
 * the last state that could be drawn stays instead.
 */
export function MathView({ source, display }: { source: string; display: boolean }) {
  const renderer = mathRenderer.use();
  const growing = useContext(GrowingContext);
  const target = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const element = target.current;
    if (!renderer || !element || renderer.renderMath(source, display, element)) return;
    if (!growing || element.childNodes.length === 0) element.textContent = source;
  }, [renderer, source, display, growing]);
  const className = display ? 'math math-display' : 'math';
  if (!renderer) {
    return (
      <span className={className}>
        <code>{source}</code>
      </span>
    );
  }
  return <span className={className} ref={target} tabIndex={display ? 0 : undefined} />;
}
