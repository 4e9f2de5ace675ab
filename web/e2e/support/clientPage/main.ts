import type {} from '../proof/clientSurface.ts';

/** A page that has nothing but the client: what the proofs drive it with, and what it shows is each item's state, told to the recorder. */

async function open(): Promise<ManentClient> {
  const client = await createClient();
  const { persistence } = client;
  for (const { messageId, state } of persistence.items()) window.manentRecorder.show(messageId, state);
  persistence.subscribe(({ messageId, state }) => window.manentRecorder.show(messageId, state));
  return client;
}

window.clientPage = open();
