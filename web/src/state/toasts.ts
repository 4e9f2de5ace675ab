import { useStore, type Toast } from './store';

let count = 0;

/** Shows a toast; the component that draws it takes it away again. */
export function showToast(text: string, action: Toast['action'] = null, tone: Toast['tone'] = 'plain'): void {
  count += 1;
  const toast: Toast = { id: String(count), text, action, tone };
  useStore.setState((state) => ({ toasts: [...state.toasts.slice(-2), toast] }));
}

export function dismissToast(id: string): void {
  useStore.setState((state) => ({ toasts: state.toasts.filter((toast) => toast.id !== id) }));
}
