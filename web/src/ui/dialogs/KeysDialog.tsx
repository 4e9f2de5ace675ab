import { Fragment } from 'react';
import { useAllStrings } from '../../strings/seldom';
import { MODIFIER } from '../keys';
import { Dialog } from './Dialog';

/** Every key that the page knows. */
export function KeysDialog() {
  const texts = useAllStrings();
  const rows: [string, string[]][] = [
    [texts.keys.send, ['Enter']],
    [texts.keys.lineBreak, ['Shift', 'Enter']],
    [texts.keys.stop, ['Esc']],
    [texts.keys.editLast, ['↑']],
    [texts.keys.palette, [MODIFIER, 'K']],
    [texts.keys.search, ['/']],
    [texts.keys.newChat, [MODIFIER, 'Shift', 'O']],
    [texts.keys.composer, ['Shift', 'Esc']],
    [texts.keys.sidebar, [MODIFIER, 'Shift', 'S']],
    [texts.keys.help, ['?']],
  ];
  return (
    <Dialog title={texts.keys.title}>
      <dl className="keys">
        {rows.map(([label, keys]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {keys.map((key, index) => (
                <Fragment key={key}>
                  {index > 0 && ' + '}
                  <kbd>{key}</kbd>
                </Fragment>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
