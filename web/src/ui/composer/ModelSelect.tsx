import { ChevronDown } from 'lucide-react';
import type { ModelConfig } from '../../api/types';
import { effectiveModel, modelFromKey, modelKey } from '../../core/modelChoice';
import { useStore } from '../../state/store';
import { useStrings } from '../../strings';

interface Properties {
  id?: string;
  config: ModelConfig;
  onChange: (config: ModelConfig) => void;
}

/** The choice of the model, as the browser's own list: it works with keys, touch and screen readers everywhere. */
export function ModelSelect({ id, config, onChange }: Properties) {
  const texts = useStrings();
  const list = useStore((state) => state.models);
  const effective = effectiveModel(config, list);
  const models = list?.models ?? [];
  const value = effective ? modelKey(effective) : modelKey(config);
  const isKnown = models.some((model) => modelKey(model) === value);
  const change = (key: string) => {
    const { provider: _provider, model: _model, ...rest } = config;
    onChange({ ...rest, ...modelFromKey(key) });
  };
  return (
    <span className="model-select">
      <select id={id} aria-label={id ? undefined : texts.model.label} title={texts.model.label} value={value} onChange={(event) => change(event.target.value)}>
        {!isKnown && <option value={value}>{value === '' ? (list && models.length === 0 ? texts.model.none : texts.model.serverDefault) : texts.model.gone(config.model ?? '')}</option>}
        {models.map((model) => (
          <option key={modelKey(model)} value={modelKey(model)}>
            {model.name}
          </option>
        ))}
      </select>
      <ChevronDown aria-hidden />
    </span>
  );
}
