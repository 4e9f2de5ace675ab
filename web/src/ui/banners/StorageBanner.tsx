import { TriangleAlert, X } from 'lucide-react';
import type { QueueStatus, StorageWarning } from '../../state/outbox';
import { useStore } from '../../state/store';
import { type Strings, useStrings } from '../../strings';
import { CopyButton } from '../CopyButton';
import { depthOf } from './AwayBanner';

/** The gravest first; one at a time, so that they stay slim. */
const ORDER: StorageWarning['code'][] = ['refused', 'lost', 'set_aside', 'memory_only'];

/** What a person should know about this device's own store. */
export function StorageBanner() {
  const texts = useStrings();
  const queue = useStore((state) => state.queue);
  const warning = useStore((state) => gravest(state.warnings, queue));
  if (warning === undefined) return null;
  const text = warningText(warning, queue !== null, texts);
  const canDismiss = isHarmless(warning, queue);
  return (
    <div className="banner storage">
      <TriangleAlert aria-hidden />
      <p>
        <span role="status">{text}</span> {warning.code === 'set_aside' && warning.text !== undefined && <CopyButton text={warning.text} label={texts.warnings.copy} wordy />}
      </p>
      {canDismiss && (
        <button type="button" className="icon-button small" aria-label={texts.warnings.dismiss} title={texts.warnings.dismiss} onClick={() => dismiss(warning)}>
          <X aria-hidden />
        </button>
      )}
    </div>
  );
}

function gravest(warnings: readonly StorageWarning[], queue: QueueStatus | null): StorageWarning | undefined {
  // A storage that takes writes again is nothing to warn of.
  const holds = ({ code }: StorageWarning) => code !== 'refused' || queue === null || queue.isStorageRefusing;
  return ORDER.map((code) => warnings.find((warning) => warning.code === code)).find((warning) => warning !== undefined && holds(warning));
}

/** What has happened can be put away once it was read; what something unsaved depends on stays. */
function isHarmless({ code }: StorageWarning, queue: QueueStatus | null): boolean {
  if (code === 'memory_only') return depthOf(queue) === 0;
  return code !== 'refused';
}

export function warningText(warning: StorageWarning, hasEngine: boolean, { warnings }: Strings): string {
  switch (warning.code) {
    case 'set_aside':
      return warnings.set_aside(warning.records, warning.name);
    case 'refused':
      // Without the engine nothing could be said of the storage: the warning itself says what is the matter.
      return hasEngine ? warnings.refused : warning.detail;
    default:
      return warnings[warning.code];
  }
}

function dismiss(warning: StorageWarning): void {
  useStore.setState((state) => ({ warnings: state.warnings.filter((other) => other !== warning) }));
}
