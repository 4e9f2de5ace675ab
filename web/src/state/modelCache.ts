import type { ModelList } from '../api/types';
import { readLocal, writeLocal } from './localValue';
import type { Store } from './store';

const KEY = 'manent.models';

/** Offers the models of the last visit until the server tells its own: without it the page would not know what a conversation is answered by. */
export function installModelCache(store: Store): void {
  const remembered = readLocal<ModelList | null>(KEY, null);
  if (Array.isArray(remembered?.models)) store.setState({ models: remembered });
  store.subscribe((state, previous) => {
    if (state.models !== previous.models) writeLocal(KEY, state.models);
  });
}
