import { useAllStrings } from '../../strings/seldom';
import { Dialog } from './Dialog';

/** How to get from the demonstration to a model. */
export function DemoDialog() {
  const texts = useAllStrings();
  return (
    <Dialog title={texts.demo.title} className="reading">
      <p>{texts.demo.explanation}</p>
      <p>{texts.demo.keys}</p>
      <ul>
        <li>
          <code>ANTHROPIC_API_KEY</code>
        </li>
        <li>
          <code>OPENAI_API_KEY</code>
        </li>
      </ul>
      <p>{texts.demo.file}</p>
    </Dialog>
  );
}
