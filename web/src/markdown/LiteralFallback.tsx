import { Component, type ReactNode } from 'react';

interface Properties {
  text: string;
  children: ReactNode;
}

/** When a text cannot be drawn as Markdown it is shown as it is written: one message must not take the page with it. */
export class LiteralFallback extends Component<Properties, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? <p className="literal">{this.props.text}</p> : this.props.children;
  }
}
