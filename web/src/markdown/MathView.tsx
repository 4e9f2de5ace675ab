import { useLayoutEffect, useRef } from 'react';
import { lazyModule } from './lazy';

const mathRenderer = lazyModule(() => import('./mathRenderer'));

/** A formula; its source stands in until the renderer has been loaded. */
export function MathView({ source, display }: { source: string; display: boolean }) {
  const renderer = mathRenderer.use();
  const target = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    if (renderer && target.current) renderer.renderMath(source, display, target.current);
  }, [renderer, source, display]);
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
