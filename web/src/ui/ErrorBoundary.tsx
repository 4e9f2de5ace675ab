import { Component, type ReactNode } from 'react';
import { strings } from '../strings';

/** A fault in drawing is said in words and leaves a way out. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    const texts = strings();
    return (
      <div className="dead-end" role="alert">
        <p>{texts.errorBoundary}</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          {texts.reload}
        </button>
      </div>
    );
  }
}
