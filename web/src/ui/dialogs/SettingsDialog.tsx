import { type KeyboardEvent, useId } from 'react';
import { modelFromKey, modelKey } from '../../core/modelChoice';
import { owner } from '../../state/localValue';
import { changeSettings, type Settings, useSettings } from '../../state/settings';
import { changeUi, type UiState, useUi } from '../../state/ui';
import { LANGUAGE_NAMES } from '../../strings';
import { useAllStrings } from '../../strings/seldom';
import { GrowingTextArea } from '../composer/GrowingTextArea';
import { ModelSelect } from '../composer/ModelSelect';
import { EnginePanel } from '../outbox/EnginePanel';
import { AccountPanel, KeysPanel } from './accountParts';
import { Dialog } from './Dialog';

/** The person's settings for this browser. Every change holds at once. */
export function SettingsDialog() {
  const texts = useAllStrings();
  const page = useUi((state) => state.settingsPage);
  const id = useId();
  const pages: [UiState['settingsPage'], string][] = [
    ['general', texts.settings.general],
    // Where nobody signs in there is no account.
    ...(owner ? ([['account', texts.settings.account], ['keys', texts.settings.apiKeys]] as [UiState['settingsPage'], string][]) : []),
    ['engine', texts.engine.page],
  ];
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
    const step = event.key === 'ArrowRight' ? 1 : pages.length - 1;
    const [other] = pages[(pages.findIndex(([name]) => name === page) + step) % pages.length]!;
    changeUi({ settingsPage: other });
    document.getElementById(`${id}-${other}`)?.focus();
  };
  return (
    <Dialog title={texts.settings.title}>
      <div className="segments tabs" role="tablist" aria-label={texts.settings.title} onKeyDown={onKeyDown}>
        {pages.map(([name, label]) => (
          <button
            key={name}
            id={`${id}-${name}`}
            type="button"
            role="tab"
            aria-selected={page === name}
            aria-controls={`${id}-panel`}
            tabIndex={page === name ? 0 : -1}
            onClick={() => changeUi({ settingsPage: name })}
          >
            {label}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${page}`}>
        <Page page={page} />
      </div>
    </Dialog>
  );
}

function Page({ page }: { page: UiState['settingsPage'] }) {
  switch (page) {
    case 'general':
      return <GeneralSettings />;
    case 'account':
      return <AccountPanel />;
    case 'keys':
      return <KeysPanel />;
    case 'engine':
      return <EnginePanel />;
  }
}

function GeneralSettings() {
  const texts = useAllStrings();
  const settings = useSettings();
  const modelId = useId();
  const systemId = useId();
  return (
    <>
      <h3>{texts.settings.appearance}</h3>
      <Choice
        label={texts.settings.theme}
        name="theme"
        value={settings.theme}
        options={[
          ['system', texts.settings.themeSystem],
          ['light', texts.settings.themeLight],
          ['dark', texts.settings.themeDark],
        ]}
      />
      <Choice
        label={texts.settings.textSize}
        name="textSize"
        value={settings.textSize}
        options={[
          ['small', texts.settings.textSmall],
          ['normal', texts.settings.textNormal],
          ['large', texts.settings.textLarge],
        ]}
      />
      <Choice
        label={texts.settings.language}
        name="language"
        value={settings.language}
        options={[
          ['system', texts.settings.languageSystem],
          ['en', LANGUAGE_NAMES.en],
          ['de', LANGUAGE_NAMES.de],
        ]}
      />
      <h3>{texts.settings.newChats}</h3>
      <div className="field">
        <label htmlFor={modelId}>{texts.model.label}</label>
        <ModelSelect id={modelId} config={modelFromKey(settings.model)} onChange={(config) => changeSettings({ model: modelKey(config) })} />
      </div>
      <div className="field">
        <label htmlFor={systemId}>{texts.model.system}</label>
        <GrowingTextArea id={systemId} value={settings.systemPrompt} onChange={(event) => changeSettings({ systemPrompt: event.target.value })} />
        <p className="hint">{texts.model.systemHint}</p>
      </div>
      <p className="hint">{texts.settings.keptHere}</p>
    </>
  );
}

interface ChoiceProperties<Name extends keyof Settings> {
  label: string;
  name: Name;
  value: Settings[Name];
  options: readonly (readonly [Settings[Name] & string, string])[];
}

function Choice<Name extends 'theme' | 'textSize' | 'language'>({ label, name, value, options }: ChoiceProperties<Name>) {
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      <div className="segments">
        {options.map(([option, text]) => (
          <label key={option}>
            <input type="radio" name={name} value={option} checked={value === option} onChange={() => changeSettings({ [name]: option } as Partial<Settings>)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
