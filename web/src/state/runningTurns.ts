/** An answer that this tab has asked the server to write and to keep. */
export interface RunningTurnNote {
  runId: string;
  messageId: string;
  parentId: string;
}

const KEY = 'manent.runningTurns';

/**
 * What this tab was waiting for, by conversation: kept over a reload, so that an answer of which no word has come yet is waited for again.
 * Other tabs hear of it from the feed.
 */
export function readRunningTurn(conversationId: string): RunningTurnNote | null {
  return readAll()[conversationId] ?? null;
}

export function noteRunningTurn(conversationId: string, note: RunningTurnNote | null): void {
  const all = readAll();
  if (note === null && !(conversationId in all)) return;
  if (note === null) delete all[conversationId];
  else all[conversationId] = note;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // Without it the answer is seen with its first words.
  }
}

function readAll(): Record<string, RunningTurnNote> {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Record<string, RunningTurnNote>;
  } catch {
    return {};
  }
}
