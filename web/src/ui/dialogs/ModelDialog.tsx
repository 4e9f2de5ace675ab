import { type FormEvent, useId, useState } from 'react';
import type { ModelConfig } from '../../api/types';
import { useConfig } from '../../hooks/useConfig';
import { changeUi } from '../../state/ui';
import { useAllStrings } from '../../strings/seldom';
import { GrowingTextArea } from '../composer/GrowingTextArea';
import { ModelSelect } from '../composer/ModelSelect';
import { useRoute } from '../router';
import { Dialog } from './Dialog';

/** Model, system prompt and limits of the open conversation. */
export function ModelDialog() {
  const texts = useAllStrings();
  const { conversationId } = useRoute();
  const [config, setConfig] = useConfig(conversationId);
  const [draft, setDraft] = useState<ModelConfig>(config);
  const id = useId();
  const set = (change: Partial<ModelConfig>) => setDraft((before) => withoutUndefined({ ...before, ...change }));
  const save = (event: FormEvent) => {
    event.preventDefault();
    setConfig(withoutUndefined({ ...draft, system: draft.system?.trim() ? draft.system : undefined }));
    changeUi({ dialog: null });
  };
  return (
    <Dialog title={texts.model.dialogTitle}>
      <form onSubmit={save}>
        <div className="field">
          <label htmlFor={`${id}-model`}>{texts.model.label}</label>
          <ModelSelect id={`${id}-model`} config={draft} onChange={setDraft} />
        </div>
        <div className="field">
          <label htmlFor={`${id}-system`}>{texts.model.system}</label>
          <GrowingTextArea id={`${id}-system`} value={draft.system ?? ''} aria-describedby={`${id}-system-hint`} onChange={(event) => set({ system: event.target.value || undefined })} />
          <p className="hint" id={`${id}-system-hint`}>
            {texts.model.systemHint}
          </p>
        </div>
        <div className="field-row">
          <NumberField id={`${id}-temperature`} label={texts.model.temperature} hint={texts.model.temperatureHint} value={draft.temperature} min={0} max={2} step={0.1} onChange={(temperature) => set({ temperature })} />
          <NumberField id={`${id}-tokens`} label={texts.model.maxTokens} hint={texts.model.maxTokensHint} value={draft.maxTokens} min={1} max={1_000_000} step={1} onChange={(maxTokens) => set({ maxTokens })} />
        </div>
        <div className="dialog-actions">
          <button type="button" className="button quiet" onClick={() => changeUi({ dialog: null })}>
            {texts.cancel}
          </button>
          <button type="submit" className="button primary">
            {texts.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface NumberProperties {
  id: string;
  label: string;
  hint: string;
  value: number | undefined;
  min: number;
  max: number;
  step: number;
  onChange: (value: number | undefined) => void;
}

function NumberField({ id, label, hint, value, min, max, step, onChange }: NumberProperties) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="number"
        defaultValue={value}
        min={min}
        max={max}
        step={step}
        inputMode="decimal"
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(Number.isNaN(event.target.valueAsNumber) ? undefined : event.target.valueAsNumber)}
      />
      <p className="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  );
}

function withoutUndefined(config: ModelConfig): ModelConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}
