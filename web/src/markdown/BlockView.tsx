import type { Token, Tokens } from 'marked';
import { Fragment, memo, type ReactNode } from 'react';
import { useStrings } from '../strings';
import type { Block } from './blocks';
import { CodeBlock } from './CodeBlock';
import { Inline } from './Inline';
import { MathView } from './MathView';
import type { MathToken } from './math';

/** One block of a text. A block whose source is the same is not drawn again. */
export const BlockView = memo(
  function BlockView({ block }: { block: Block }) {
    return <BlockToken token={block.token} />;
  },
  (before, after) => before.block === after.block || (before.block.raw === after.block.raw && before.block.token.type === after.block.token.type && !hasReference(after.block.raw)),
);

/** `[text][name]` may be drawn differently once the definition of the name has come. */
function hasReference(raw: string): boolean {
  return raw.includes('][') || raw.includes('[]');
}

function BlockTokens({ tokens }: { tokens: readonly Token[] | undefined }): ReactNode {
  return tokens?.map((token, index) => <BlockToken key={index} token={token} />);
}

function BlockToken({ token }: { token: Token }): ReactNode {
  switch (token.type) {
    case 'paragraph':
      return (
        <p>
          <Inline tokens={token.tokens} />
        </p>
      );
    case 'text':
      return token.tokens ? <Inline tokens={token.tokens} /> : token.raw;
    case 'heading':
      return <Heading token={token as Tokens.Heading} />;
    case 'code': {
      const { text, lang } = token as Tokens.Code;
      return <CodeBlock code={text} language={/^[\w+#.-]+/.exec(lang ?? '')?.[0] ?? ''} />;
    }
    case 'blockquote':
      return (
        <blockquote>
          <BlockTokens tokens={token.tokens} />
        </blockquote>
      );
    case 'list':
      return <List token={token as Tokens.List} />;
    case 'table':
      return <Table token={token as Tokens.Table} />;
    case 'hr':
      return <hr />;
    case 'math':
      return <MathView source={(token as MathToken).text} display={(token as MathToken).display} />;
    case 'space':
    case 'def':
    case 'checkbox':
      return null;
    case 'html':
      return <p className="literal">{token.raw.trimEnd()}</p>;
    default:
      return <Inline tokens={[token]} />;
  }
}

/** An answer's headings begin below the page's own. */
function Heading({ token }: { token: Tokens.Heading }) {
  const Element = `h${Math.min(6, token.depth + 2)}` as 'h3';
  return (
    <Element className={`heading-${token.depth}`}>
      <Inline tokens={token.tokens} />
    </Element>
  );
}

function List({ token }: { token: Tokens.List }) {
  const items = token.items.map((item, index) => (
    <li key={index} className={item.task ? 'task' : undefined}>
      {item.task && <input type="checkbox" checked={item.checked ?? false} readOnly disabled aria-label={item.checked ? '☑' : '☐'} />}
      <BlockTokens tokens={item.tokens} />
    </li>
  ));
  if (!token.ordered) return <ul>{items}</ul>;
  return <ol start={token.start === '' ? undefined : token.start}>{items}</ol>;
}

function Table({ token }: { token: Tokens.Table }) {
  const texts = useStrings();
  const align = (index: number) => (token.align[index] ? `align-${token.align[index]}` : undefined);
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={texts.table.label}>
      <table>
        <thead>
          <tr>
            {token.header.map((cell, index) => (
              <th key={index} scope="col" className={align(index)}>
                <Inline tokens={cell.tokens} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {token.rows.map((row, rowIndex) => (
            <tr key={rowIndex}>
              {row.map((cell, index) => (
                <td key={index} className={align(index)}>
                  <Fragment>
                    <Inline tokens={cell.tokens} />
                  </Fragment>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
