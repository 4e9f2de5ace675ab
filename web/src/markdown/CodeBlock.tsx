import { Fragment, memo, type ReactNode, useDeferredValue, useMemo } from 'react';
import { useStrings } from '../strings';
import { CopyButton } from '../ui/CopyButton';
import type { HighlightNode } from './highlighter';
import { lazyModule } from './lazy';

const highlighter = lazyModule(() => import('./highlighter'));

/** A fence with its language and a copy button. While it grows, its colours may lag behind its text, never the other way round. */
export const CodeBlock = memo(function CodeBlock({ code, language }: { code: string; language: string }) {
  const texts = useStrings();
  return (
    <figure className="code-block">
      <figcaption>
        <span>{language || texts.code.plain}</span>
        <CopyButton text={code} label={texts.code.copy} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{language ? <Highlighted code={code} language={language} /> : code}</code>
      </pre>
    </figure>
  );
});

function Highlighted({ code, language }: { code: string; language: string }) {
  const module = highlighter.use();
  const deferred = useDeferredValue(code);
  const nodes = useMemo(() => module?.highlight(deferred, language.toLowerCase()) ?? null, [module, deferred, language]);
  if (!nodes || !code.startsWith(deferred)) return code;
  return (
    <>
      {draw(nodes)}
      {code.slice(deferred.length)}
    </>
  );
}

function draw(nodes: readonly HighlightNode[]): ReactNode {
  return nodes.map((node, index) =>
    node.type === 'text' ? (
      <Fragment key={index}>{node.value}</Fragment>
    ) : (
      <span key={index} className={node.className}>
        {draw(node.children)}
      </span>
    ),
  );
}
