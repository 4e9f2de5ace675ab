import type { WireMetrics, WireRefusedRecord } from '../engine/wire.js';
import { ClientClosed, InvalidItem, OutboxFull, SignedOut, UnknownItem } from '../errors.js';
import { isId, newSeed, newTrace } from '../ids.js';
import { Listeners } from '../listeners.js';
import type { RecordToSetAside, StoredRecord } from '../store/deviceStore.js';
import type { Command, SenderReport } from '../tabs/messages.js';
import type { NewConversation, OutboxMessage, StorageWarning } from '../types.js';
import { Adoption } from './adoption.js';
import { BoardWriter } from './boardWriter.js';
import { CommandDesk } from './commandDesk.js';
import { EngineDriver } from './engineDriver.js';
import { EngineEvents } from './engineEvents.js';
import { EngineReader } from './engineReader.js';
import { Leadership } from './leadership.js';
import { boardItemOf, payloadOf } from './payload.js';
import { SeenOnServer } from './seenOnServer.js';
import { Session } from './session.js';
import { SharedHistory } from './sharedHistory.js';
import { isSendersRecord, SpareStore } from '../store/spareStore.js';
import { deviceIdOf, type OutboxTabDependencies, READ_AGAIN_MS, type TabContext } from './tabContext.js';
import { TabListener } from './tabListener.js';
import { Waiters } from './waiters.js';

/**
 * One tab's part in the device's outbox.
 *
 * Every tab has an engine. A tab's engine writes what is queued in it; one tab, the sender, holds and sends all: as soon as the store has an item, the
 * sender takes it over, and the tab that queued it lets go. So an item is held by one engine, and commands about it go there.
 * What crosses from tab to tab is what the store holds already.
 */
export class OutboxTab {
  readonly writer: BoardWriter;
  readonly leadership: Leadership;
  readonly session: Session;
  readonly histories: SharedHistory;
  readonly seen: SeenOnServer;
  readonly warnings = new Listeners<StorageWarning>();
  /** What was told so far, for those who ask later. */
  readonly pastWarnings: StorageWarning[] = [];
  private readonly tab: TabContext;
  private readonly adoption: Adoption;
  private readonly desk: CommandDesk;
  private readonly events: EngineEvents;
  private readonly spare: SpareStore;

  private constructor(dependencies: OutboxTabDependencies, slot: number, isSender: boolean, records: StoredRecord[]) {
    const { module, store, transport, environment, settings } = dependencies;
    const texts = records.map(({ record }) => record);
    const outbox = new module.Outbox(newSeed(environment), isSender, settings.maxRetries, settings.backoffMs, settings.maxItems, texts);
    // What another tab holds in its memory the sender could not take over.
    this.spare = new SpareStore({ store, environment, mayHold: () => this.isSender, onHolding: (isHolding) => this.events.onStorage(isHolding) });
    const driver = new EngineDriver({
      outbox,
      store: { write: (operations) => this.spare.write(this.isSender ? operations : operations.filter((operation) => !isSendersRecord(operation))) },
      transport,
      environment,
      onEvent: (event) => this.events.take(event),
    });
    const tab = {
      ...dependencies,
      driver,
      engine: new EngineReader(outbox),
      waiters: new Waiters(),
      own: new Set<string>(),
      isSender,
      isClosed: false,
      isHolding: () => this.spare.isHolding,
      slot,
      warn: (warning: StorageWarning) => {
        this.pastWarnings.push(warning);
        this.warnings.tell(warning);
      },
    } as TabContext;
    tab.writer = this.writer = new BoardWriter(tab);
    this.tab = tab;
    this.session = new Session(tab);
    this.adoption = new Adoption(tab);
    this.desk = new CommandDesk(tab, this.adoption);
    this.histories = new SharedHistory(tab, this.desk);
    this.seen = new SeenOnServer(tab, this.desk);
    this.leadership = new Leadership(tab, this.adoption, this.desk);
    this.leadership.follows.add(() => this.spare.leaveToSender());
    this.events = new EngineEvents(tab, { desk: this.desk, session: this.session, seen: this.seen });
  }

  /** Takes a slot, reads what the device holds, and begins. */
  static async open(dependencies: OutboxTabDependencies): Promise<OutboxTab> {
    const { locks, store } = dependencies;
    const slot = await locks.acquireSlot();
    const isSender = await locks.tryLead();
    const { items, others } = await store.read();
    const records = [...items, ...others];
    const tab = new OutboxTab(dependencies, slot, isSender, records);
    await tab.begin(items.length, records);
    return tab;
  }

  /** Under which this tab's items are numbered. */
  get deviceId(): string {
    return deviceIdOf(this.tab);
  }

  get isSender(): boolean {
    return this.tab.isSender;
  }

  /** Whether the device refuses what this tab wants to store; the sender's tab holds it then. */
  get isStorageRefusing(): boolean {
    return this.events.isStorageRefusing;
  }

  /** Whether what is not saved is only in a tab's memory: the device refuses it. */
  get isHeldInTab(): boolean {
    return this.isSender ? this.spare.isHolding : this.report.metrics.isStorageRefusing;
  }

  /** What the sender told last. */
  get report(): SenderReport {
    return this.writer.report;
  }

  /** The sender's counts, as of now where this tab is the sender. */
  metrics(): WireMetrics {
    return this.isSender ? this.tab.engine.metrics() : this.report.metrics;
  }

  /** Puts an item into the outbox; resolves when it is durable. */
  async queue(message: OutboxMessage, conversationId: string, create?: NewConversation, traceparent?: string): Promise<void> {
    const { environment, driver, own, settings, waiters } = this.tab;
    const { board } = this.writer;
    this.checkOpen();
    if (this.session.isSignedOut) throw new SignedOut();
    const { id } = message;
    if (!isId(id)) throw new InvalidItem('its id is no UUID in small letters');
    if (!isId(conversationId)) throw new InvalidItem('the id of its conversation is no UUID in small letters');
    const durable = () => waiters.wait(id, (state) => state !== 'storing');
    // An item that is known is in good hands; one that is being stored is awaited with whoever queued it first.
    if (board.has(id)) return this.writer.isStoring(id) ? durable() : undefined;
    if (board.status(id)) return;
    // Those of other tabs count, which this tab's engine does not hold.
    if (board.size >= (settings.maxItems ?? Infinity)) throw new OutboxFull();
    const payload = payloadOf(message, create);
    board.put({ id, conversationId, message, ...(create ? { create } : {}), queuedAt: environment.now(), mayBeSent: false, state: { state: 'storing' } });
    own.add(id);
    const accepted = durable();
    driver.tell((outbox, now) => {
      try {
        outbox.enqueue(now, id, this.deviceId, conversationId, payload.parent, payload.text, traceparent ?? newTrace(environment));
      } catch (error) {
        board.remove(id);
        own.delete(id);
        waiters.refused(id, new InvalidItem('the engine cannot read it', { cause: error }));
      }
    });
    return accepted;
  }

  /** Has a command followed by the tab that holds the item. */
  async command(command: Command): Promise<unknown> {
    this.checkOpen();
    if ('id' in command && !isId(command.id)) throw new UnknownItem();
    return this.desk.have(command);
  }

  probeNow(): void {
    if (this.tab.isClosed) return;
    if (this.isSender) this.tab.driver.tell((outbox, now) => outbox.probeNow(now));
    else this.tab.link.post({ type: 'probeNow' });
  }

  signedIn(): void {
    this.tab.link.post({ type: 'signedIn' });
    this.session.signedIn();
  }

  async close(): Promise<void> {
    const { driver, locks, waiters } = this.tab;
    if (this.tab.isClosed) return;
    if (this.isSender) driver.tell((outbox, now) => outbox.lead(now, false));
    this.writer.publish();
    this.tab.isClosed = true;
    // The next sender may read the store only when this one has written its last.
    await driver.written();
    driver.stop();
    this.spare.close();
    locks.close();
    this.desk.close();
    waiters.rejectAll(new ClientClosed());
  }

  private async begin(itemCount: number, records: StoredRecord[]): Promise<void> {
    const { tab, adoption, desk, leadership, session, writer } = this;
    const { engine, link, locks, slot, store } = tab;
    const listener = new TabListener(tab, { adoption, desk, leadership, session });
    link.subscribe((message) => listener.hear(message));
    store.onLost(() => this.onLost());
    locks.onLost((what) => (what === 'sender' ? leadership.onLost() : void this.onSlotLost()));
    await this.setAsideUnusable(records, itemCount);
    for (const item of engine.items()) writer.board.put(boardItemOf(item));
    if (this.isSender) leadership.begin();
    else leadership.follow();
    link.post({ type: 'here', slot });
  }

  /** Records that the engine cannot use are kept under another name, and told of. */
  private async setAsideUnusable(records: StoredRecord[], itemCount: number): Promise<void> {
    const { driver, store, warn } = this.tab;
    const refused = JSON.parse(driver.outbox.refusedRecords()) as WireRefusedRecord[];
    if (refused.length === 0) return;
    const unusable = refused.map(({ place, detail }): RecordToSetAside => ({ ...records[place]!, from: place < itemCount ? 'items' : 'others', reason: detail }));
    const count = unusable.length;
    try {
      const name = await store.setAside(unusable);
      warn({ code: 'set_aside', detail: `${count} records of this device's store cannot be read. They are kept under "${name}".`, name, records: count, text: unusable.map(({ record }) => record).join('\n') });
    } catch {
      // They stay where they are, and are looked at again at the next start.
    }
  }

  private onLost(): void {
    const { driver, engine, isClosed, warn } = this.tab;
    const { board } = this.writer;
    if (isClosed) return;
    warn({ code: 'lost', detail: "This device's storage was cleared. What was not saved yet is being written again from memory." });
    for (const id of board.ids()) if (engine.has(id)) board.move(id, { state: 'storing' });
    driver.tell((outbox, now) => outbox.storageLost(now));
  }

  /** This tab slept, and another one has its slot now: what is queued from now on goes by another name. */
  private async onSlotLost(): Promise<void> {
    const { tab } = this;
    if (tab.isClosed) return;
    try {
      tab.slot = await tab.locks.acquireSlot();
      tab.link.post({ type: 'here', slot: tab.slot });
    } catch {
      tab.environment.later(READ_AGAIN_MS, () => void this.onSlotLost());
    }
  }

  private checkOpen(): void {
    if (this.tab.isClosed) throw new ClientClosed();
  }
}
