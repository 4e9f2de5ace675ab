import { useMemo, useState } from 'react';
import { BlockView } from './BlockView';
import { GrowingBlocks, splitBlocks } from './blocks';
import { GrowingContext } from './growingContext';
import { LiteralFallback } from './LiteralFallback';

/** A text in Markdown. While it grows, only the block at its end is drawn again; when it has ended, what is the same stays. */
export function Markdown({ text, growing = false }: { text: string; growing?: boolean }) {
  const [splitter] = useState(() => new GrowingBlocks());
  const blocks = useMemo(() => (growing ? splitter.update(text) : splitBlocks(text)), [growing, splitter, text]);
  return (
    <GrowingContext value={growing}>
      <div className="prose" dir="auto">
        {blocks.map((block) => (
          <LiteralFallback key={block.key} text={block.raw}>
            <BlockView block={block} />
          </LiteralFallback>
        ))}
      </div>
    </GrowingContext>
  );
}
