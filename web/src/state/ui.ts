import { create } from 'zustand';
import type { ModelConfig } from '../api/types';
import type { ListKind } from './store';

export type DialogName = 'settings' | 'model' | 'keys' | 'palette' | 'demo' | 'tray' | 'item' | 'signIn';

export interface UiState {
  dialog: DialogName | null;
  /** The message whose way to the server the dialog `item` shows. */
  item: string | null;
  /** Which part of the settings is shown. */
  settingsPage: 'general' | 'account' | 'keys' | 'engine';
  /** A newer version of the page is on this device and begins with the next loading. */
  updateReady: boolean;
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
export const useUi = create<UiState>(() => ({ dialog: null, item: null, settingsPage: 'general', updateReady: false, list: 'main', sheetOpen: false, query: '', editing: null, renaming: null, newConfig: null }));

export function changeUi(change: Partial<UiState>): void {
  useUi.setState(change);
}
