import type { WireEvent, WireState } from '../engine/wire.js';
import { errorOf, WouldLose } from '../errors.js';
import type { CommandDesk } from './commandDesk.js';
import type { SeenOnServer } from './seenOnServer.js';
import type { Session } from './session.js';
import type { TabContext } from './tabContext.js';

export interface EngineEventsParts {
  desk: CommandDesk;
  session: Session;
  seen: SeenOnServer;
}

/** What follows in this tab from what its engine tells. */
export class EngineEvents {
  isStorageRefusing = false;
  private readonly tab: TabContext;
  private readonly parts: EngineEventsParts;

  constructor(tab: TabContext, parts: EngineEventsParts) {
    this.tab = tab;
    this.parts = parts;
  }

  take(event: WireEvent): void {
    const { isSender, link, transport, writer } = this.tab;
    const { desk, session } = this.parts;
    switch (event.type) {
      case 'item':
        this.onItem(event.id, event.state);
        break;
      case 'refused':
        this.onRefused(event.id, event.error);
        break;
      case 'pace':
        this.lookAtStoring();
        if (!isSender) break;
        writer.planNews();
        writer.showPace(event.wait);
        break;
      case 'removed':
        writer.showRemoved(event.id);
        break;
      case 'metrics':
        writer.planNews();
        break;
      case 'laneMoved':
        // The server stands elsewhere than it did: what it had may be gone.
        transport.forgetCreated();
        break;
      case 'storageRefused':
        this.onStorage(true);
        break;
      case 'storageRecovered':
        this.onStorage(false);
        break;
      case 'signOutNeedsConfirmation':
        desk.onSignOut(new WouldLose(event.queued, event.failed));
        break;
      case 'signedOut':
        link.post({ type: 'signedOut' });
        session.signedOut();
        desk.onSignOut();
        break;
      case 'invariantHeld':
        console.error(`manent: the engine held an invariant that was about to break: ${event.invariant}`);
    }
  }

  /** What was lost and is written again is told of all at once, by the pace. It was not there when the sender looked for it, perhaps. */
  private lookAtStoring(): void {
    const { engine, writer } = this.tab;
    for (const id of writer.board.ids()) {
      const state = writer.isStoring(id) && engine.state(id);
      if (state) this.onItem(id, state);
    }
  }

  private onItem(id: string, state: WireState): void {
    const { driver, isSender, own, waiters, writer } = this.tab;
    const wasStoring = writer.isStoring(id);
    writer.show(id, state, driver.outbox.mayBeSent(id));
    if (wasStoring && state.state !== 'storing') {
      if (isSender) writer.tellContent(id);
      else writer.tellStored(id);
    }
    if (state.state === 'saved') own.delete(id);
    waiters.moved(id, state.state);
    if (state.state === 'failed') this.parts.seen.settle(id);
  }

  private onRefused(id: string, name: string): void {
    const { engine, own, waiters, writer } = this.tab;
    // Two tabs queued the same item, or one did it twice: it is in good hands.
    if (name === 'id_in_use') return waiters.moved(id, 'queued');
    if (writer.isStoring(id) && !engine.has(id)) {
      writer.board.remove(id);
      own.delete(id);
    }
    waiters.refused(id, errorOf(name));
  }

  /** The device refuses writes, or takes them again. */
  onStorage(isRefusing: boolean): void {
    const { warn, writer } = this.tab;
    if (isRefusing && !this.isStorageRefusing) {
      warn({ code: 'refused', detail: 'This device refuses to store messages: it may be full. What is not saved is lost when this tab is closed.' });
    }
    this.isStorageRefusing = isRefusing;
    writer.statuses.tell(writer.board.setStorageRefusing(isRefusing));
    writer.planNews();
  }
}
