import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { changeUi } from '../../state/ui';
import { useStrings } from '../../strings';

interface Properties {
  title: string;
  className?: string;
  /** Without a visible head, for dialogs that are one field. */
  bare?: boolean;
  children: ReactNode;
}

/** A modal dialog. The browser's own element keeps the focus inside and gives it back. */
export function Dialog({ title, className = '', bare = false, children }: Properties) {
  const texts = useStrings();
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    const opener = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  const close = () => changeUi({ dialog: null });
  return (
    <dialog
      ref={dialog}
      className={`dialog ${className}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <div className="dialog-content">
        {bare ? (
          <h2 id={titleId} className="visually-hidden">
            {title}
          </h2>
        ) : (
          <div className="dialog-head">
            <h2 id={titleId}>{title}</h2>
            <button type="button" className="icon-button" aria-label={texts.close} title={texts.close} onClick={close}>
              <X aria-hidden />
            </button>
          </div>
        )}
        {children}
      </div>
    </dialog>
  );
}
