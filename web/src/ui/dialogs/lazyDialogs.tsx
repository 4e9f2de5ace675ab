import { type ComponentType, lazy, Suspense } from 'react';
import { useStrings } from '../../strings';
import { Dialog } from './Dialog';

const PARTS = {
  tray: () => import('../outbox/TrayDialog').then(({ TrayDialog: part }) => part),
  item: () => import('../outbox/ItemDialog').then(({ ItemDialog: part }) => part),
  engine: () => import('../outbox/EnginePanel').then(({ EnginePanel: part }) => part),
};

/** Reads what is shown seldom, so that it is there when the network is not. */
export function loadSeldomShown(): void {
  for (const load of Object.values(PARTS)) load().catch(() => undefined);
}

export const TrayDialog = later(PARTS.tray, MissingDialog);
export const ItemDialog = later(PARTS.item, MissingDialog);
export const EnginePanel = later(PARTS.engine, Missing);

/** A part that is read when it is first shown; the other stands in for it where it cannot be read. */
function later(load: () => Promise<ComponentType>, standIn: ComponentType): ComponentType {
  const Part = lazy(() => load().then((part) => ({ default: part }), () => ({ default: standIn })));
  return function Later() {
    return (
      <Suspense fallback={null}>
        <Part />
      </Suspense>
    );
  };
}

function Missing() {
  const texts = useStrings();
  return <p className="hint">{texts.problems.server_unreachable}</p>;
}

function MissingDialog() {
  const texts = useStrings();
  return (
    <Dialog title={texts.appName}>
      <Missing />
    </Dialog>
  );
}
