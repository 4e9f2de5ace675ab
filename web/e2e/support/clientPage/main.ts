import { createClient, type ManentClient, type SaveState } from '@manent/client';
import type {} from '../proof/clientSurface.ts';

/** A page that has nothing but the client: what the proofs drive it with, and what it shows is each item's state, told to the recorder. */

window.clientWarnings = [];

async function open(): Promise<ManentClient> {
  const client = await createClient();
  const { persistence } = client;
  const show = ({ messageId, state }: { messageId: string; state: SaveState }) => {
    const isKept = state === 'queued' || state === 'sending' || state === 'waiting';
    window.manentRecorder?.show(messageId, isKept && persistence.getQueueStatus().storage === 'memory' ? 'inTab' : state);
  };
  persistence.items().forEach(show);
  persistence.subscribe(show);
  persistence.subscribeWarnings((warning) => window.clientWarnings.push(warning));
  return client;
}

window.clientPage = open();
