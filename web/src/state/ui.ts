import { create } from 'zustand';
import type { ModelConfig } from '../api/types';
import type { ListKind } from './store';

export type DialogName = 'settings' | 'model' | 'keys' | 'palette' | 'demo';

export interface UiState {
  dialog: DialogName | null;
  /** Which list the side shows. */
  list: ListKind;
  /** On narrow screens the side is a sheet that opens over the page. */
  sheetOpen: boolean;
  query: string;
  /** The user's message that is being edited. */
  editing: string | null;
  /** The conversation whose title is being edited. */
  renaming: string | null;
  /** Settings chosen for the conversation that has not begun; `null` while the defaults hold. */
  newConfig: ModelConfig | null;
}

/** What is open where: nothing of it outlives the page. */
export const useUi = create<UiState>(() => ({ dialog: null, list: 'main', sheetOpen: false, query: '', editing: null, renaming: null, newConfig: null }));

export function changeUi(change: Partial<UiState>): void {
  useUi.setState(change);
}
