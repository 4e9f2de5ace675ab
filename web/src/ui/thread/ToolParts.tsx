import type { Part } from '../../api/types';
import { useStrings } from '../../strings';

/** Tool calls and their results, folded: this page shows them and runs none. */
export function ToolParts({ content }: { content: readonly Part[] }) {
  const texts = useStrings();
  return content.map((part, index) => {
    if (part.type === 'toolCall') {
      return (
        <details key={index} className="tool-part">
          <summary>{texts.thread.toolCall(part.name)}</summary>
          <pre tabIndex={0}>{JSON.stringify(part.arguments, null, 2)}</pre>
        </details>
      );
    }
    if (part.type === 'toolResult') {
      return (
        <details key={index} className="tool-part">
          <summary>{texts.thread.toolResult}</summary>
          <pre tabIndex={0}>{part.content}</pre>
        </details>
      );
    }
    return null;
  });
}
