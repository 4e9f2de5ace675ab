import type { HistoryEntry } from '../../state/outbox';
import type { AllStrings } from '../../strings/seldom';

/** How a request ends to which there is no answer of the server's. */
const UNANSWERED = new Set(['infrastructure', 'not_sent', 'aborted']);

/** One thing that happened to a message, in words: what, and what more is known of it. */
export function stepText({ step, attempt, detail = '' }: HistoryEntry, texts: AllStrings): { step: string; detail: string | null } {
  const words =
    step === 'sent' && attempt !== undefined
      ? texts.item.attempt(attempt)
      : texts.item.steps[step === 'answered' && UNANSWERED.has(detail) ? 'noAnswer' : step];
  return { step: words ?? step, detail: detail === '' || detail === step ? null : detailText(detail, texts) };
}

/** The engine tells a class, an outcome, or either with its code: `rejected: parent_unknown`. */
function detailText(detail: string, texts: AllStrings): string {
  const code = /^[a-z_]+: ([a-z_]+)$/.exec(detail)?.[1] ?? detail;
  return texts.item.details[detail] ?? texts.problems[code] ?? detail;
}
