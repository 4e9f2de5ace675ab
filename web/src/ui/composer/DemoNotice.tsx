import { useStore } from '../../state/store';
import { changeUi } from '../../state/ui';
import { useStrings } from '../../strings';

/** The line under the composer. Its room is always there, so that nothing moves when the server says that it is a demonstration. */
export function DemoNotice() {
  const texts = useStrings();
  const demo = useStore((state) => state.models?.demo ?? false);
  return (
    <p className="footnote">
      {demo && (
        <>
          {texts.demo.notice}{' '}
          <button type="button" className="text-button" onClick={() => changeUi({ dialog: 'demo' })}>
            {texts.demo.how}
          </button>
        </>
      )}
    </p>
  );
}
