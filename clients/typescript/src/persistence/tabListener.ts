import type { ItemReport, SenderReport, TabMessage } from '../tabs/messages.js';
import type { Adoption } from './adoption.js';
import type { CommandDesk } from './commandDesk.js';
import type { Leadership } from './leadership.js';
import type { Session } from './session.js';
import type { TabContext } from './tabContext.js';

export interface TabListenerParts {
  adoption: Adoption;
  desk: CommandDesk;
  leadership: Leadership;
  session: Session;
}

/** What follows in this tab from what the others say. */
export class TabListener {
  private readonly tab: TabContext;
  private readonly parts: TabListenerParts;

  constructor(tab: TabContext, parts: TabListenerParts) {
    this.tab = tab;
    this.parts = parts;
  }

  hear(message: TabMessage): void {
    const { isClosed, isSender, driver, link, own, slot, writer } = this.tab;
    const { adoption, desk, leadership, session } = this.parts;
    if (isClosed) return;
    switch (message.type) {
      case 'here':
        // What an earlier tab left in that slot is taken over before what the new one queues: it is of the same lanes.
        if (isSender) {
          leadership.watch(message.slot);
          adoption.reconcile();
        }
        break;
      case 'whoIsHere':
        link.post({ type: 'here', slot });
        break;
      case 'stored':
        for (const item of message.items) writer.showNew(item);
        if (isSender) adoption.adopt(message.items.map(({ id }) => id));
        break;
      case 'held':
        this.onHeld(message.items);
        break;
      case 'whoLeads':
        if (isSender) link.post(writer.standing());
        break;
      case 'whatAbout':
        if (isSender) this.answerAbout(message.ids);
        break;
      case 'about':
        this.onHeld(message.items);
        for (const id of message.gone) if (!own.has(id)) writer.showGone(id);
        break;
      case 'leading':
        this.onLeading(message.items, message.report);
        break;
      case 'moved':
        for (const item of message.contents) writer.showNew(item);
        for (const { id, state, mayBeSent } of message.items) writer.show(id, state, mayBeSent);
        for (const id of message.removed) writer.board.remove(id);
        if (message.removed.length > 0) writer.removals.tell(message.removed);
        writer.takeReport(message.report);
        break;
      case 'command':
        if (isSender) desk.serve(message.call, message.command);
        break;
      case 'done':
        desk.onDone(message.call, message.result, message.refusal);
        break;
      case 'probeNow':
        if (isSender) driver.tell((outbox, now) => outbox.probeNow(now));
        break;
      case 'signedIn':
        session.signedIn();
        break;
      case 'signedOut':
        session.signedOut();
        break;
      default:
        break;
    }
  }

  private onHeld(items: ItemReport[]): void {
    const { driver, own, writer } = this.tab;
    const mine = items.filter(({ id }) => own.delete(id)).map(({ id }) => id);
    if (mine.length > 0) driver.tell((outbox, now) => outbox.release(now, mine));
    for (const { id, state, mayBeSent } of items) writer.show(id, state, mayBeSent);
  }

  private onLeading(items: ItemReport[], report: SenderReport): void {
    const { link, own, writer } = this.tab;
    writer.takeReport(report);
    this.onHeld(items);
    const told = new Set(items.map(({ id }) => id));
    const doubtful = writer.board.ids().filter((id) => !told.has(id) && !own.has(id));
    if (doubtful.length > 0) link.post({ type: 'whatAbout', ids: doubtful });
    // What is durable here and not yet in the sender's hands is told once more.
    for (const id of own) if (!writer.isStoring(id)) writer.tellStored(id);
    writer.planNews();
    this.parts.desk.askAgain();
  }

  /** Another tab shows items of which this one, the sender, did not tell: it has settled them, or has not seen them yet. */
  private answerAbout(ids: string[]): void {
    const { engine, link } = this.tab;
    const { adoption } = this.parts;
    adoption.inTurn(async () => {
      await adoption.adoptNow(ids.filter((id) => !engine.has(id)));
      const items = ids.flatMap((id) => engine.report(id) ?? []);
      link.post({ type: 'about', items, gone: ids.filter((id) => !engine.has(id)) });
    });
  }
}
