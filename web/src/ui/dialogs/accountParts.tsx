import { type ComponentType, lazy, Suspense } from 'react';
import { accountParts } from '../../account/entrance';

type Parts = Awaited<ReturnType<typeof accountParts>>;

export const SignInDialog = part('SignInDialog');
export const AccountPanel = part('AccountPanel');
export const KeysPanel = part('KeysPanel');

/** What is about accounts, read when it is first shown. */
function part(name: 'SignInDialog' | 'AccountPanel' | 'KeysPanel'): ComponentType {
  const Part = lazy(() => accountParts().then((parts: Parts) => ({ default: parts[name] })));
  return function Later() {
    return (
      <Suspense fallback={null}>
        <Part />
      </Suspense>
    );
  };
}
