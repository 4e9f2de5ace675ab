import type { Model, ModelConfig, ModelList } from '../api/types';

/** One text for a provider and its model, as option values and settings keep it. Providers' names have no slash. */
export function modelKey(choice: { provider?: string; model?: string }): string {
  return choice.model === undefined ? '' : `${choice.provider ?? ''}/${choice.model}`;
}

export function modelFromKey(key: string): Pick<ModelConfig, 'provider' | 'model'> {
  if (key === '') return {};
  const slash = key.indexOf('/');
  const provider = key.slice(0, slash);
  return { ...(provider === '' ? {} : { provider }), model: key.slice(slash + 1) };
}

/** The model that a configuration leads to: its own, or the server's default; `undefined` when it is not configured. */
export function effectiveModel(config: ModelConfig, list: ModelList | null): Model | undefined {
  const wanted = config.model === undefined ? list?.default : config;
  if (!wanted) return undefined;
  return list?.models.find((model) => model.model === wanted.model && (wanted.provider === undefined || model.provider === wanted.provider));
}
