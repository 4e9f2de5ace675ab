import type { Token, Tokens } from 'marked';
import { Fragment, type ReactNode } from 'react';
import { decodeEntities } from './entities';
import { MathView } from './MathView';
import type { MathToken } from './math';
import { safeLink } from './safeUrl';

/** The inside of a paragraph. HTML in an answer is text like any other: nothing here ever becomes markup of the page. */
export function Inline({ tokens }: { tokens: readonly Token[] | undefined }): ReactNode {
  return tokens?.map((token, index) => <Fragment key={index}>{inline(token)}</Fragment>);
}

function inline(token: Token): ReactNode {
  switch (token.type) {
    case 'text':
      return token.tokens ? <Inline tokens={token.tokens} /> : decodeEntities((token as Tokens.Text).text);
    case 'escape':
      return (token as Tokens.Escape).text;
    case 'strong':
      return (
        <strong>
          <Inline tokens={token.tokens} />
        </strong>
      );
    case 'em':
      return (
        <em>
          <Inline tokens={token.tokens} />
        </em>
      );
    case 'del':
      return (
        <del>
          <Inline tokens={token.tokens} />
        </del>
      );
    case 'codespan':
      return <code>{(token as Tokens.Codespan).text}</code>;
    case 'br':
      return <br />;
    case 'link':
      return <Link token={token as Tokens.Link} />;
    case 'image':
      return <ImageReference token={token as Tokens.Image} />;
    case 'math':
      return <MathView source={(token as MathToken).text} display={(token as MathToken).display} />;
    case 'checkbox':
      return null;
    default:
      return token.raw;
  }
}

function Link({ token }: { token: Tokens.Link }) {
  const href = safeLink(decodeEntities(token.href));
  if (href === null) return <Inline tokens={token.tokens} />;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={token.title ?? undefined}>
      <Inline tokens={token.tokens} />
    </a>
  );
}

/** Pictures from elsewhere are not loaded: their address could carry words of the conversation away. A link lets the person decide. */
function ImageReference({ token }: { token: Tokens.Image }) {
  const href = safeLink(decodeEntities(token.href));
  const label = token.text || href || '';
  if (href === null) return label;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {label}
    </a>
  );
}
