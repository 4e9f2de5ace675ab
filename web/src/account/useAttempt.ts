import { ApiProblem, ServerUnreachable } from '@manent/client';
import { useState } from 'react';
import { type AccountTexts, useAccountTexts } from './texts';

/** What went wrong, as a sentence: ours for the codes that we know, the server's for all others. */
export function sentenceOf(error: unknown, texts: AccountTexts): string {
  if (error instanceof ApiProblem) {
    const code = error.code === 'invalid_value' && error.field !== null ? `invalid_${error.field}` : error.code;
    return texts.problems[code] ?? error.message;
  }
  if (error instanceof ServerUnreachable || error instanceof TypeError) return texts.problems.unreachable!;
  console.error(error);
  return error instanceof Error ? error.message : String(error);
}

/** The same for a code alone, as an address may have it; one that is not known is a fault. */
export function sentenceOfCode(code: string, texts: AccountTexts): string {
  return texts.problems[code] ?? texts.problems.internal!;
}

/** One thing that a person tries at a time, and what went wrong with it; `own` has the sentences that fit here better, by code. */
export function useAttempt(own: Record<string, string> = {}) {
  const texts = useAccountTexts();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = async (work: () => Promise<void>) => {
    if (isBusy) return;
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem((error instanceof ApiProblem && own[error.code]) || sentenceOf(error, texts));
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, problem, setProblem, run };
}
