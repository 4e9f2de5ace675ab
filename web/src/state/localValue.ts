/** Whose page this is: nobody's in particular where people do not sign in, and `null` where somebody has to sign in first. It changes with a reload alone. */
export const owner = read<{ id: string; name: string; email: string } | null | undefined>('manent.owner', undefined);

/** What each person keeps in this browser has a name of its own. */
const ending = owner ? `@${owner.id}` : '';

/** Reads a JSON value that this page keeps in the browser for its owner; the fallback where there is none or the browser refuses. */
export function readLocal<T>(key: string, fallback: T): T {
  return read(key + ending, fallback);
}

/** Keeps a JSON value in the browser. A full or blocked storage costs only the convenience. */
export function writeLocal(key: string, value: unknown): void {
  try {
    if (value === undefined || value === null) localStorage.removeItem(key + ending);
    else localStorage.setItem(key + ending, JSON.stringify(value));
  } catch {
    // Nothing that was promised depends on it.
  }
}

function read<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(key);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}
