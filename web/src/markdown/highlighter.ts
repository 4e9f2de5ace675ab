import { common, createLowlight } from 'lowlight';
import '../styles/highlight.css';

const lowlight = createLowlight(common);

/** A piece of highlighted code: a text, or pieces within a class. */
export type HighlightNode = { type: 'text'; value: string } | { type: 'element'; className: string; children: HighlightNode[] };

/** Above this many characters code stays plain: highlighting would hold up the page. */
const MOST_CHARACTERS = 60_000;

/** Highlights code, or gives `null` for a language that is not known. */
export function highlight(code: string, language: string): HighlightNode[] | null {
  if (code.length > MOST_CHARACTERS || !lowlight.registered(language)) return null;
  return convert(lowlight.highlight(language, code).children);
}

type SyntaxNode = ReturnType<typeof lowlight.highlight>['children'][number];

function convert(nodes: readonly SyntaxNode[]): HighlightNode[] {
  return nodes.flatMap((node): HighlightNode[] => {
    if (node.type === 'text') return [{ type: 'text', value: node.value }];
    if (node.type !== 'element') return [];
    const { className } = node.properties;
    return [{ type: 'element', className: Array.isArray(className) ? className.join(' ') : '', children: convert(node.children as SyntaxNode[]) }];
  });
}
