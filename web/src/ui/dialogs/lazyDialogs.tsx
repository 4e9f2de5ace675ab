import { type ComponentType, lazy, Suspense } from 'react';
import { useStrings } from '../../strings';
import { Dialog } from './Dialog';

type Parts = typeof import('./seldomShown');

/** What is shown or needed seldom. */
export const seldomShown = (): Promise<Parts> => import('./seldomShown');

/** Reads what is shown seldom, so that it is there when the network is not; the page as a whole is looked after from then on. */
export function loadSeldomShown(): void {
  seldomShown().then(
    ({ installPageUpdates }) => installPageUpdates(),
    () => undefined,
  );
}

export const SettingsDialog = later('SettingsDialog');
export const ModelDialog = later('ModelDialog');
export const KeysDialog = later('KeysDialog');
export const DemoDialog = later('DemoDialog');
export const TrayDialog = later('TrayDialog');
export const ItemDialog = later('ItemDialog');
export const SignInDialog = later('SignInDialog');

export const SignInBanner = later('SignInBanner', () => null);
export const UpdateBanner = later('UpdateBanner', () => null);

/** A part that is read when it is first shown; a dialog says so where it cannot be read. */
function later(name: Extract<keyof Parts, `${string}${'Dialog' | 'Banner'}`>, missing: ComponentType = MissingDialog): ComponentType {
  const Part = lazy(() =>
    seldomShown().then(
      (parts) => ({ default: parts[name] }),
      () => ({ default: missing }),
    ),
  );
  return function Later() {
    return (
      <Suspense fallback={null}>
        <Part />
      </Suspense>
    );
  };
}

function MissingDialog() {
  const texts = useStrings();
  return (
    <Dialog title={texts.appName}>
      <p>{texts.problems.server_unreachable}</p>
    </Dialog>
  );
}
