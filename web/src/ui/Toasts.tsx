import { X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useStore, type Toast } from '../state/store';
import { dismissToast } from '../state/toasts';
import { useStrings } from '../strings';

/** How long a toast stays, in milliseconds, not counting the time in which it is pointed at or focused. */
const STAY_MS = 8_000;

export function Toasts() {
  const toasts = useStore((state) => state.toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <ToastView key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastView({ toast }: { toast: Toast }) {
  const texts = useStrings();
  const [held, setHeld] = useState(false);
  const left = useRef(STAY_MS);
  useEffect(() => {
    if (held) return;
    const begun = performance.now();
    const timer = setTimeout(() => dismissToast(toast.id), left.current);
    return () => {
      clearTimeout(timer);
      left.current = Math.max(1_000, left.current - (performance.now() - begun));
    };
  }, [held, toast.id]);
  return (
    <div
      className={`toast ${toast.tone}`}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span>{toast.text}</span>
      {toast.action && (
        <button
          type="button"
          className="text-button"
          onClick={() => {
            toast.action?.run();
            dismissToast(toast.id);
          }}
        >
          {toast.action.label}
        </button>
      )}
      <button type="button" className="icon-button small" aria-label={texts.close} title={texts.close} onClick={() => dismissToast(toast.id)}>
        <X aria-hidden />
      </button>
    </div>
  );
}
