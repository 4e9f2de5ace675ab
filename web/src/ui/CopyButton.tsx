import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { announce } from '../state/actions';
import { useStore } from '../state/store';
import { useStrings } from '../strings';

const SHOW_DONE_MS = 1_600;

/** Copies a text and says that it has. `wordy`: as a word beside others instead of an icon. */
export function CopyButton({ text, label, wordy = false }: { text: string; label: string; wordy?: boolean }) {
  const texts = useStrings();
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), SHOW_DONE_MS);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    await copyText(text);
    setDone(true);
    announce(useStore, texts.thread.copied);
  };
  if (wordy) {
    return (
      <button type="button" className="text-button" onClick={() => void copy()}>
        {done ? texts.thread.copied : label}
      </button>
    );
  }
  return (
    <button type="button" className="icon-button small" aria-label={done ? texts.thread.copied : label} title={done ? texts.thread.copied : label} onClick={() => void copy()}>
      {done ? <Check aria-hidden /> : <Copy aria-hidden />}
    </button>
  );
}

async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without the permission, or on plain HTTP away from localhost, the old way still works.
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'visually-hidden';
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}
