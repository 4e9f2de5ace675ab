import { useCallback, useEffect, useState } from 'react';
import { useAccountTexts } from './texts';
import { sentenceOf } from './useAttempt';

/** Something of the server's, read when the panel opens and whenever it is asked for again. `null` until it is there. */
export function useLoaded<T>(load: () => Promise<T>): { value: T | null; problem: string | null; reload: () => void } {
  const texts = useAccountTexts();
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const reload = useCallback(() => {
    load().then(
      (loaded) => {
        setValue(loaded);
        setProblem(null);
      },
      (error: unknown) => setProblem(sentenceOf(error, texts)),
    );
  }, [load, texts]);
  useEffect(reload, [reload]);
  return { value, problem, reload };
}
