import { useStore, type Toast } from './store';

let count = 0;

/** Shows a toast; the component that draws it takes it away again. One about the same thing no longer holds and goes. */
export function showToast(text: string, action: Toast['action'] = null, tone: Toast['tone'] = 'plain', about: string | null = null): void {
  count += 1;
  const toast: Toast = { id: String(count), text, action, tone, about };
  useStore.setState((state) => ({ toasts: [...state.toasts.filter((other) => about === null || other.about !== about).slice(-2), toast] }));
}

/** What was said about something no longer holds. */
export function dismissToastsAbout(about: string): void {
  useStore.setState((state) => ({ toasts: state.toasts.filter((toast) => toast.about !== about) }));
}

export function dismissToast(id: string): void {
  useStore.setState((state) => ({ toasts: state.toasts.filter((toast) => toast.id !== id) }));
}
