import type { SaveInfo, SaveReason } from '../../state/outbox';
import { problemText, type Strings } from '../../strings';

/** Where this page keeps what is not saved, whether it has a network, and whether the server answers: all decide what is true to say. */
export interface Place {
  isInTab: boolean;
  isOnline: boolean;
  isReachable: boolean;
}

type Stand = Pick<SaveInfo, 'state' | 'reason'>;

/** Where a message stands, in few words, and what it waits for. */
export function saveLabel({ state, reason }: Stand, place: Place, texts: Strings): { where: string; why?: string } {
  const kept = place.isInTab ? texts.saves.keptInTab : texts.saves.kept;
  switch (state) {
    case 'storing':
      return reason?.code === 'storage_refused' ? { where: texts.saves.keptInTab, why: waitWords(reason, place, texts)?.[0] } : { where: texts.saves.storing };
    case 'queued':
      return { where: kept };
    case 'sending':
      return { where: texts.saves.sending };
    case 'waiting':
      return { where: reason?.code === 'storage_refused' ? texts.saves.keptInTab : kept, why: waitWords(reason, place, texts)?.[0] };
    case 'failed':
      return { where: failureText(reason, texts) };
    case 'discarded':
      return { where: texts.saves.discarded };
  }
}

/** Where a message stands, in full. */
export function saveSentence({ state, reason }: Stand, place: Place, texts: Strings): string {
  const kept = place.isInTab ? texts.saves.keptInTabFull : texts.saves.keptFull;
  switch (state) {
    case 'storing':
      return (reason?.code === 'storage_refused' && waitWords(reason, place, texts)?.[1]) || texts.saves.storingFull;
    case 'queued':
      return `${texts.saves.queuedFull} ${kept}`;
    case 'sending':
      return texts.saves.sendingFull;
    case 'waiting': {
      const why = waitWords(reason, place, texts)?.[1] ?? (reason ? texts.saves.waitsFor(reason.detail) : texts.saves.queuedFull);
      return reason?.code === 'storage_refused' ? why : `${why} ${kept}`;
    }
    case 'failed':
      return failureText(reason, texts);
    case 'discarded':
      return texts.saves.discarded;
  }
}

function waitWords(reason: SaveReason | null, place: Place, texts: Strings): readonly [string, string] | undefined {
  return reason === null ? undefined : texts.saves.waits[waitCode(reason.code, place)];
}

/** Of the way to the server a message says what the banner says. */
function waitCode(code: SaveReason['code'], { isOnline, isReachable }: Place): string {
  if (code !== 'server_away' && code !== 'retry') return code;
  if (!isOnline) return 'offline';
  if (!isReachable) return 'server_away';
  return code === 'server_away' ? 'server_troubled' : code;
}

/** Why a message was not saved. */
export function failureText(reason: SaveReason | null, texts: Strings): string {
  if (reason?.code === 'withdrawn') return texts.saves.withdrawn;
  return texts.saves.failed(reason ? problemText(texts, reason) : '');
}

/** Whether a message that was not saved is nothing to be alarmed by: the person wanted it so, or it goes with the one that it builds on. */
export function isQuiet(reason: SaveReason | null): boolean {
  return reason?.code === 'withdrawn' || reason?.code === 'blocked';
}
