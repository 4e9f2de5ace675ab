import { useMemo } from 'react';
import type { ModelConfig } from '../api/types';
import { modelFromKey } from '../core/modelChoice';
import { conversationService } from '../services/services';
import { useSettings } from '../state/settings';
import { useStore } from '../state/store';
import { showToast } from '../state/toasts';
import { changeUi, useUi } from '../state/ui';
import { strings } from '../strings';

const NOTHING: ModelConfig = {};

/** The settings of a conversation, or of the one that has not begun yet, and how to change them. */
export function useConfig(conversationId: string | null): [ModelConfig, (config: ModelConfig) => void] {
  const own = useStore((state) => (conversationId === null ? undefined : state.conversations[conversationId]?.config));
  const begun = useUi((state) => state.newConfig);
  const model = useSettings((settings) => settings.model);
  const systemPrompt = useSettings((settings) => settings.systemPrompt);
  const defaults = useMemo<ModelConfig>(() => ({ ...modelFromKey(model), ...(systemPrompt.trim() === '' ? {} : { system: systemPrompt }) }), [model, systemPrompt]);
  const change = (config: ModelConfig) => {
    if (conversationId === null) {
      changeUi({ newConfig: config });
      return;
    }
    conversationService.setConfig(conversationId, config).catch((error: unknown) => {
      showToast(strings().conversation.changeFailed(error instanceof Error ? error.message : String(error)), null, 'error');
    });
  };
  return [conversationId === null ? (begun ?? defaults) : (own ?? NOTHING), change];
}
