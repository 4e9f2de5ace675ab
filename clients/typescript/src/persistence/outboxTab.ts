import type { WireEvent, WireItem, WireMetrics, WireState } from '../engine/wire.js';
import type { EngineModule } from '../engine/load.js';
import type { Environment } from '../environment.js';
import { ClientClosed, errorOf, InvalidItem, OutboxError, SignedOut, UnknownItem, WouldLose } from '../errors.js';
import { isId, newSeed, newTrace } from '../ids.js';
import { Listeners } from '../listeners.js';
import type { DeviceStore, RecordToSetAside, StoredRecord } from '../store/deviceStore.js';
import type { Command, ItemReport, Refusal, SenderReport, TabMessage } from '../tabs/messages.js';
import type { TabLink } from '../tabs/tabLink.js';
import type { TabLocks } from '../tabs/tabLocks.js';
import type { HistoryEntry, NewConversation, OutboxMessage, SaveStatus, StorageWarning } from '../types.js';
import { Board, type BoardItem } from './board.js';
import { EngineDriver } from './engineDriver.js';
import { boardItemOf, createOf, payloadOf } from './payload.js';
import type { Transport } from './transport.js';
import { Waiters } from './waiters.js';

export interface OutboxTabDependencies {
  module: EngineModule;
  store: DeviceStore;
  locks: TabLocks;
  link: TabLink;
  transport: Transport;
  environment: Environment;
  settings: { maxRetries?: number; backoffMs?: number; maxItems?: number };
}

/** So many items are read out of the engine at once. */
const PAGE_OF_ITEMS = 500;

/** How long to wait before the store is read again after it refused, in milliseconds. */
const READ_AGAIN_MS = 1_000;

/**
 * One tab's part in the device's outbox.
 *
 * Every tab has an engine. A tab's engine writes what is queued in it; one tab, the sender, holds and sends all: as soon as the store has an item, the
 * sender takes it over, and the tab that queued it lets go. So an item is held by one engine, and commands about it go there.
 * What crosses from tab to tab is what the store holds already; a tab that becomes the sender reads the whole store, and needs no word of
 * the one before it.
 */
export class OutboxTab {
  /** Under which this tab's items are numbered. */
  deviceId: string;
  readonly board = new Board();
  readonly statuses = new Listeners<SaveStatus[]>();
  readonly reports = new Listeners<SenderReport>();
  readonly warnings = new Listeners<StorageWarning>();
  /** What was told so far, for those who ask later. */
  readonly pastWarnings: StorageWarning[] = [];
  readonly removals = new Listeners<string[]>();
  /** This tab is the sender from now on. */
  readonly leads = new Listeners<void>();
  /** This tab was the sender and is it no longer. */
  readonly follows = new Listeners<void>();
  /** The device's store was emptied on purpose. */
  readonly signOuts = new Listeners<void>();
  /** As the sender this tab learned that a slot's tab is gone. */
  readonly freedSlots = new Listeners<number>();
  /** What the sender told last. */
  report: SenderReport;
  isSender = false;
  isStorageRefusing = false;
  private readonly dependencies: OutboxTabDependencies;
  private readonly driver: EngineDriver;
  private readonly waiters = new Waiters();
  private readonly calls = new Map<string, { command: Command; resolve(result: unknown): void; reject(error: Error): void }>();
  private readonly watched = new Map<number, () => void>();
  /** Items that this tab's engine holds although another tab is the sender, or none is. */
  private readonly own = new Set<string>();
  private readonly news = { items: new Set<string>(), contents: new Set<string>(), removed: new Set<string>(), isPaced: false, stored: new Set<string>() };
  private isNewsPlanned = false;
  private adopting: Promise<void> = Promise.resolve();
  /** An adoption failed: there may be earlier items in the store than those that are told of next. */
  private isBehind = false;
  private signingOut: { resolve(): void; reject(error: Error): void } | null = null;
  private isSignedOut = false;
  private isClosed = false;
  private callCount = 0;

  private constructor(dependencies: OutboxTabDependencies, slot: number, isSender: boolean, records: StoredRecord[]) {
    this.dependencies = dependencies;
    this.deviceId = `${dependencies.store.installation}-${slot}`;
    this.isSender = isSender;
    const { module, store, transport, environment, settings } = dependencies;
    const texts = records.map(({ record }) => record);
    const outbox = new module.Outbox(newSeed(environment), isSender, settings.maxRetries, settings.backoffMs, settings.maxItems, texts);
    this.driver = new EngineDriver({
      outbox,
      // How far lanes got is the sender's to write: another tab may know an older state.
      store: { write: (operations) => store.write(this.isSender ? operations : operations.filter(({ do: what }) => what !== 'putLane' && what !== 'putPace')) },
      transport,
      environment,
      onEvent: (event) => this.onEvent(event),
    });
    this.report = { pace: this.paceNow(), metrics: this.metricsNow() };
  }

  /** Takes a slot, reads what the device holds, and begins. */
  static async open(dependencies: OutboxTabDependencies): Promise<OutboxTab> {
    const { locks, store } = dependencies;
    const slot = await locks.acquireSlot();
    const isSender = await locks.tryLead();
    const { items, others } = await store.read();
    const records = [...items, ...others];
    const tab = new OutboxTab(dependencies, slot, isSender, records);
    await tab.begin(slot, items.length, records);
    return tab;
  }

  /** Puts an item into the outbox; resolves when it is durable. */
  async queue(message: OutboxMessage, conversationId: string, create?: NewConversation): Promise<void> {
    this.checkOpen();
    if (this.isSignedOut) throw new SignedOut();
    const { id } = message;
    if (!isId(id)) throw new InvalidItem('its id is no UUID in small letters');
    if (!isId(conversationId)) throw new InvalidItem('the id of its conversation is no UUID in small letters');
    // An item that is known is in good hands; one that is being stored is awaited with whoever queued it first.
    if (this.board.has(id)) return this.board.get(id)?.state.state === 'storing' ? this.waiters.wait(id, (state) => state !== 'storing') : undefined;
    if (this.board.status(id)) return;
    const { environment } = this.dependencies;
    const payload = payloadOf(message, create);
    this.board.put({ id, conversationId, message, ...(create ? { create } : {}), queuedAt: environment.now(), mayBeSent: false, state: { state: 'storing' } });
    this.own.add(id);
    const accepted = this.waiters.wait(id, (state) => state !== 'storing');
    this.driver.tell((outbox, now) => {
      try {
        outbox.enqueue(now, id, this.deviceId, conversationId, payload.parent, payload.text, newTrace(environment));
      } catch (error) {
        this.board.remove(id);
        this.own.delete(id);
        this.waiters.refused(id, new InvalidItem('the engine cannot read it', { cause: error }));
      }
    });
    return accepted;
  }

  /** Has a command followed by the tab that holds the item. */
  async command(command: Command): Promise<unknown> {
    this.checkOpen();
    if ('id' in command && !isId(command.id)) throw new UnknownItem();
    if (this.isSender) return this.follow(command);
    this.callCount += 1;
    const call = `${this.deviceId}/${this.callCount}`;
    return new Promise((resolve, reject) => {
      this.calls.set(call, { command, resolve, reject });
      this.dependencies.link.post({ type: 'command', call, command });
    });
  }

  history(id: string): HistoryEntry[] {
    return isId(id) ? (JSON.parse(this.driver.outbox.history(id)) as HistoryEntry[]) : [];
  }

  probeNow(): void {
    if (this.isClosed) return;
    if (this.isSender) this.driver.tell((outbox, now) => outbox.probeNow(now));
    else this.dependencies.link.post({ type: 'probeNow' });
  }

  signedIn(): void {
    this.dependencies.link.post({ type: 'signedIn' });
    this.onSignedIn();
  }

  /** The sender's counts, as of now where this tab is the sender. */
  metrics(): WireMetrics {
    return this.isSender ? this.metricsNow() : this.report.metrics;
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    if (this.isSender) this.driver.tell((outbox, now) => outbox.lead(now, false));
    this.publish();
    this.isClosed = true;
    // The next sender may read the store only when this one has written its last.
    await this.driver.written();
    this.driver.stop();
    this.dependencies.locks.close();
    for (const call of this.calls.values()) call.reject(new ClientClosed());
    this.calls.clear();
    this.waiters.rejectAll(new ClientClosed());
  }

  private async begin(slot: number, itemCount: number, records: StoredRecord[]): Promise<void> {
    const { link, locks, store } = this.dependencies;
    link.subscribe((message) => this.onMessage(message));
    store.onLost(() => this.onLost());
    locks.onLost((what) => (what === 'sender' ? this.onSenderLost() : void this.onSlotLost()));
    await this.setAsideUnusable(records, itemCount);
    for (const item of this.engineItems()) this.board.put(boardItemOf(item));
    if (this.isSender) {
      this.beginToSend();
    } else {
      const ids = this.board.ids();
      this.driver.tell((outbox, now) => outbox.release(now, ids));
      link.post({ type: 'whoLeads' });
      void locks.lead().then(() => this.takeOver());
    }
    link.post({ type: 'here', slot });
    this.slot = slot;
  }

  private slot = 0;

  /** Records that the engine cannot use are kept under another name, and told of. */
  private async setAsideUnusable(records: StoredRecord[], itemCount: number): Promise<void> {
    const refused = JSON.parse(this.driver.outbox.refusedRecords()) as { place: number; isNewer: boolean; detail: string }[];
    if (refused.length === 0) return;
    const unusable = refused.map(({ place, detail }): RecordToSetAside => ({ ...records[place]!, from: place < itemCount ? 'items' : 'others', reason: detail }));
    const count = unusable.length;
    try {
      const name = await this.dependencies.store.setAside(unusable);
      const detail = `${count} records of this device's store cannot be read. They are kept under "${name}".`;
      this.warn({ code: 'set_aside', detail, name, records: count });
    } catch {
      // They stay where they are, and are looked at again at the next start.
    }
  }

  private warn(warning: StorageWarning): void {
    this.pastWarnings.push(warning);
    this.warnings.tell(warning);
  }

  private *engineItems(): Generator<WireItem> {
    for (let after: string | undefined; ; ) {
      const page = JSON.parse(this.driver.outbox.itemsAfter(after, PAGE_OF_ITEMS)) as WireItem[];
      yield* page;
      if (page.length < PAGE_OF_ITEMS) return;
      after = page.at(-1)?.id;
    }
  }

  private beginToSend(): void {
    this.isSender = true;
    this.own.clear();
    this.driver.tell((outbox, now) => outbox.lead(now, true));
    this.tellPace(this.paceNow());
    this.dependencies.link.post(this.standing());
    this.dependencies.link.post({ type: 'whoIsHere' });
    this.leads.tell();
  }

  /** The sender before this one is gone: what the store holds is this tab's now. */
  private async takeOver(): Promise<void> {
    while (!this.isClosed) {
      try {
        const { items, others } = await this.dependencies.store.read();
        if (this.isClosed) return;
        this.driver.tell((outbox, now) => outbox.adopt(now, [...items, ...others].map(({ record }) => record)));
        this.letGoOfSettled(new Set(items.map(({ key }) => key)));
        break;
      } catch {
        await new Promise<void>((resolve) => this.dependencies.environment.later(READ_AGAIN_MS, resolve));
      }
    }
    if (this.isClosed) return;
    this.lookAtEngine();
    this.beginToSend();
    // Their answers died with the last sender.
    for (const [call, { command, resolve, reject }] of this.calls) {
      this.calls.delete(call);
      this.follow(command).then(resolve, reject);
    }
    this.reconcile();
  }

  /** What this engine queued and the store no longer has was settled by the last sender, which had no time to say so. */
  private letGoOfSettled(stored: ReadonlySet<string>): void {
    const settled = [...this.own].filter((id) => this.board.get(id)?.state.state !== 'storing' && !stored.has(id));
    if (settled.length > 0) this.driver.tell((outbox, now) => outbox.release(now, settled));
  }

  /** Brings the board in line with the engine. */
  private lookAtEngine(): void {
    const held = new Set<string>();
    for (const item of this.engineItems()) {
      held.add(item.id);
      if (this.board.has(item.id)) this.show(item.id, item.state, item.mayBeSent);
      else this.showNew(boardItemOf(item));
    }
    for (const id of this.board.ids()) if (!held.has(id)) this.showGone(id);
  }

  private onEvent(event: WireEvent): void {
    switch (event.type) {
      case 'item':
        this.onItem(event.id, event.state);
        break;
      case 'refused':
        this.onRefused(event.id, event.error);
        break;
      case 'pace':
        this.lookAtStoring();
        if (this.isSender) this.tellPace(event.wait);
        break;
      case 'removed':
        this.board.remove(event.id);
        this.removals.tell([event.id]);
        this.news.removed.add(event.id);
        this.planNews();
        break;
      case 'metrics':
        this.news.isPaced = true;
        this.planNews();
        break;
      case 'laneMoved':
        // The server stands elsewhere than it did: what it had may be gone.
        this.dependencies.transport.forgetCreated();
        break;
      case 'storageRefused':
        this.onStorage(true);
        break;
      case 'storageRecovered':
        this.onStorage(false);
        break;
      case 'signOutNeedsConfirmation':
        this.signingOut?.reject(new WouldLose(event.queued, event.failed));
        this.signingOut = null;
        break;
      case 'signedOut':
        this.dependencies.link.post({ type: 'signedOut' });
        this.onSignedOut();
        this.signingOut?.resolve();
        this.signingOut = null;
        break;
      case 'invariantHeld':
        console.error(`manent: the engine held an invariant that was about to break: ${event.invariant}`);
    }
  }

  /** What was lost and is written again is told of all at once, by the pace. It was not there when the sender looked for it, perhaps. */
  private lookAtStoring(): void {
    for (const id of this.board.ids()) {
      if (this.board.get(id)?.state.state !== 'storing') continue;
      const state = this.stateOf(id);
      if (state !== undefined) this.onItem(id, JSON.parse(state) as WireState);
    }
  }

  private onItem(id: string, state: WireState): void {
    const wasStoring = this.board.get(id)?.state.state === 'storing';
    const mayBeSent = this.driver.outbox.mayBeSent(id);
    this.show(id, state, mayBeSent);
    if (wasStoring && state.state !== 'storing') {
      if (this.isSender) this.news.contents.add(id);
      else this.news.stored.add(id);
    }
    if (state.state === 'saved') this.own.delete(id);
    this.waiters.moved(id, state.state);
  }

  private onRefused(id: string, name: string): void {
    // Two tabs queued the same item, or one did it twice: it is in good hands.
    if (name === 'id_in_use') return this.waiters.moved(id, 'queued');
    if (this.board.get(id)?.state.state === 'storing' && this.stateOf(id) === undefined) {
      this.board.remove(id);
      this.own.delete(id);
    }
    this.waiters.refused(id, errorOf(name));
  }

  private onStorage(isRefusing: boolean): void {
    if (isRefusing && !this.isStorageRefusing) {
      this.warn({ code: 'refused', detail: 'This device refuses to store messages: it may be full. What is shown as not stored is lost when this tab is closed.' });
    }
    this.isStorageRefusing = isRefusing;
    this.statuses.tell(this.board.setStorageRefusing(isRefusing));
    this.news.isPaced = true;
    this.planNews();
  }

  private onLost(): void {
    if (this.isClosed) return;
    this.warn({ code: 'lost', detail: "This device's storage was cleared. What was not saved yet is being written again from memory." });
    for (const id of this.board.ids()) if (this.stateOf(id) !== undefined) this.board.move(id, { state: 'storing' });
    this.driver.tell((outbox, now) => outbox.storageLost(now));
  }

  /** This tab slept, and another one sends now. */
  private onSenderLost(): void {
    if (this.isClosed) return;
    this.driver.tell((outbox, now) => outbox.lead(now, false));
    this.isSender = false;
    this.follows.tell();
    const held = this.board.ids();
    this.driver.tell((outbox, now) => outbox.release(now, held));
    this.dependencies.link.post({ type: 'whoLeads' });
    void this.dependencies.locks.lead().then(() => this.takeOver());
  }

  /** This tab slept, and another one has its slot now: what is queued from now on goes by another name. */
  private async onSlotLost(): Promise<void> {
    if (this.isClosed) return;
    try {
      this.slot = await this.dependencies.locks.acquireSlot();
      this.deviceId = `${this.dependencies.store.installation}-${this.slot}`;
      this.dependencies.link.post({ type: 'here', slot: this.slot });
    } catch {
      this.dependencies.environment.later(READ_AGAIN_MS, () => void this.onSlotLost());
    }
  }

  private onSignedIn(): void {
    this.isSignedOut = false;
    this.driver.tell((outbox, now) => outbox.signedIn(now));
  }

  private onSignedOut(): void {
    this.isSignedOut = true;
    const removed = this.board.ids();
    if (!this.isSender) this.driver.tell((outbox, now) => outbox.release(now, [...this.own]));
    this.own.clear();
    this.board.clear();
    this.dependencies.transport.forgetCreated();
    this.waiters.rejectAll(new SignedOut());
    this.removals.tell(removed);
    this.signOuts.tell();
  }

  private onMessage(message: TabMessage): void {
    if (this.isClosed) return;
    switch (message.type) {
      case 'here':
        // What an earlier tab left in that slot is taken over before what the new one queues: it is of the same lanes.
        if (this.isSender) {
          this.watch(message.slot);
          this.reconcile();
        }
        break;
      case 'whoIsHere':
        this.dependencies.link.post({ type: 'here', slot: this.slot });
        break;
      case 'stored':
        for (const item of message.items) this.showNew(item);
        if (this.isSender) this.adopt(message.items.map(({ id }) => id));
        break;
      case 'held':
        this.onHeld(message.items);
        break;
      case 'whoLeads':
        if (this.isSender) this.dependencies.link.post(this.standing());
        break;
      case 'whatAbout':
        if (this.isSender) this.answerAbout(message.ids);
        break;
      case 'about':
        this.onHeld(message.items);
        for (const id of message.gone) if (!this.own.has(id)) this.showGone(id);
        break;
      case 'leading':
        this.onLeading(message.items, message.report);
        break;
      case 'moved':
        for (const item of message.contents) this.showNew(item);
        for (const { id, state, mayBeSent } of message.items) this.show(id, state, mayBeSent);
        for (const id of message.removed) this.board.remove(id);
        if (message.removed.length > 0) this.removals.tell(message.removed);
        this.takeReport(message.report);
        break;
      case 'command':
        if (this.isSender) this.serve(message.call, message.command);
        break;
      case 'done':
        this.onDone(message.call, message.result, message.refusal);
        break;
      case 'probeNow':
        if (this.isSender) this.probeNow();
        break;
      case 'signedIn':
        this.onSignedIn();
        break;
      case 'signedOut':
        this.onSignedOut();
        break;
      default:
        break;
    }
  }

  private onHeld(items: ItemReport[]): void {
    const mine = items.filter(({ id }) => this.own.delete(id)).map(({ id }) => id);
    if (mine.length > 0) this.driver.tell((outbox, now) => outbox.release(now, mine));
    for (const { id, state, mayBeSent } of items) this.show(id, state, mayBeSent);
  }

  private onLeading(items: ItemReport[], report: SenderReport): void {
    this.takeReport(report);
    this.onHeld(items);
    const told = new Set(items.map(({ id }) => id));
    const doubtful = this.board.ids().filter((id) => !told.has(id) && !this.own.has(id));
    if (doubtful.length > 0) this.dependencies.link.post({ type: 'whatAbout', ids: doubtful });
    // What is durable here and not yet in the sender's hands is told once more.
    for (const id of this.own) if (this.board.get(id)?.state.state !== 'storing') this.news.stored.add(id);
    this.planNews();
    for (const [call, { command }] of this.calls) this.dependencies.link.post({ type: 'command', call, command });
  }

  /** Another tab shows items of which this one, the sender, did not tell: it has settled them, or has not seen them yet. */
  private answerAbout(ids: string[]): void {
    this.inTurn(async () => {
      await this.adoptNow(ids.filter((id) => this.stateOf(id) === undefined));
      const items = ids.flatMap((id) => this.reportOf(id) ?? []);
      const gone = ids.filter((id) => this.stateOf(id) === undefined);
      this.dependencies.link.post({ type: 'about', items, gone });
    });
  }

  /** Tells `freedSlots` when the slot's tab is gone, or at once where it has none. */
  watch(slot: number): void {
    if (this.watched.has(slot)) return;
    const stop = this.dependencies.locks.whenFree(slot, () => {
      this.watched.delete(slot);
      this.reconcile();
      this.freedSlots.tell(slot);
    });
    this.watched.set(slot, stop);
  }

  /** Takes over what the store holds and this engine does not: a tab died before it could tell. */
  private reconcile(): void {
    this.inTurn(() => this.adoptAll());
  }

  private adopt(ids: string[]): void {
    this.inTurn(() => (this.isBehind ? this.adoptAll() : this.adoptNow(ids)));
  }

  /** One adoption after the other. One that fails because the store does is made up for before any other: later items must not come first. */
  private inTurn(work: () => Promise<void>): void {
    this.adopting = this.adopting.then(work).catch(() => {
      this.isBehind = true;
      if (!this.isClosed) this.dependencies.environment.later(READ_AGAIN_MS, () => this.reconcile());
    });
  }

  private async adoptAll(): Promise<void> {
    const keys = await this.dependencies.store.itemKeys();
    await this.adoptNow(keys.filter((key) => isId(key) && this.stateOf(key) === undefined));
    this.isBehind = false;
  }

  private async adoptNow(ids: string[]): Promise<void> {
    if (ids.length === 0 || this.isClosed) return;
    const { store, link } = this.dependencies;
    const records = await store.readItems(ids, (found) => this.driver.outbox.missingParents(found.map(({ record }) => record)));
    if (this.isClosed) return;
    this.driver.tell((outbox, now) => outbox.adopt(now, records.map(({ record }) => record)));
    const held: ItemReport[] = [];
    for (const { key } of records) {
      const report = this.reportOf(key);
      if (!report) continue;
      held.push(report);
      if (!this.board.has(key)) this.showNew(boardItemOf(JSON.parse(this.driver.outbox.item(key)!) as WireItem));
      else this.show(key, report.state, report.mayBeSent);
    }
    if (held.length > 0) link.post({ type: 'held', items: held });
  }

  /** Follows a command as the sender. */
  private async follow(command: Command): Promise<unknown> {
    if ('id' in command) {
      const isStoring = this.board.get(command.id)?.state.state === 'storing';
      if (isStoring) await this.waiters.wait(command.id, (state) => state !== 'storing');
      else if (this.stateOf(command.id) === undefined) {
        await this.adopting;
        await this.adoptNow([command.id]);
      }
    }
    switch (command.do) {
      case 'replace':
        return this.replace(command.id, command.message);
      case 'retry':
        return this.retry(command.id, command.message);
      case 'withdraw': {
        const done = this.waiters.wait(command.id, (state) => state === 'failed');
        this.driver.tell((outbox, now) => outbox.withdraw(now, command.id));
        return done;
      }
      case 'discard': {
        const done = this.waiters.wait(command.id, (state) => state === 'discarded');
        this.driver.tell((outbox, now) => outbox.discard(now, command.id));
        return done;
      }
      case 'undo': {
        const done = this.waiters.wait(command.id, (state) => state === 'failed');
        this.driver.tell((outbox, now) => outbox.undo(now, command.id));
        return done;
      }
      case 'history':
        return this.history(command.id);
      case 'flush':
        return this.flush();
      case 'signOut':
        return this.signOut(command.confirmed);
    }
  }

  private async replace(id: string, message: OutboxMessage): Promise<void> {
    const payload = payloadOf(message, this.createWish(id));
    const done = this.waiters.wait(id, (state) => state !== 'storing');
    this.driver.tell((outbox, now) => outbox.replace(now, id, payload.text));
    await done;
    this.showContent(id, message);
  }

  private async retry(id: string, message?: OutboxMessage): Promise<void> {
    const payload = message && payloadOf(message, this.createWish(id));
    const done = this.waiters.wait(id, (state) => state !== 'failed' && state !== 'storing');
    this.driver.tell((outbox, now) => outbox.retry(now, id, payload?.text, payload?.parent));
    await done;
    if (message) this.showContent(id, message);
  }

  private createWish(id: string): NewConversation | undefined {
    const item = this.driver.outbox.item(id);
    return item === undefined ? undefined : createOf(JSON.parse(item) as WireItem);
  }

  private async flush(): Promise<void> {
    await this.adopting;
    this.probeNow();
    await this.driver.whenQuiet();
  }

  private async signOut(isConfirmed: boolean): Promise<void> {
    this.reconcile();
    await this.adopting;
    return new Promise((resolve, reject) => {
      this.signingOut = { resolve, reject };
      this.driver.tell((outbox, now) => outbox.signOut(now, isConfirmed));
    });
  }

  private serve(call: string, command: Command): void {
    const { link } = this.dependencies;
    this.follow(command).then(
      (result) => {
        // What the command changed is told before its answer.
        this.publish();
        link.post({ type: 'done', call, result });
      },
      (error: unknown) => link.post({ type: 'done', call, refusal: refusalOf(error) }),
    );
  }

  private onDone(call: string, result: unknown, refusal: Refusal | undefined): void {
    const waiting = this.calls.get(call);
    this.calls.delete(call);
    if (refusal) waiting?.reject(refusal.name === 'would_lose' ? new WouldLose(refusal.queued ?? 0, refusal.failed ?? 0) : errorOf(refusal.name));
    else waiting?.resolve(result);
  }

  private show(id: string, state: WireState, mayBeSent: boolean): void {
    const status = this.board.move(id, state, mayBeSent);
    if (status) this.statuses.tell([status]);
    this.news.items.add(id);
    if (state.state === 'saved') this.savedNews.set(id, state);
    this.planNews();
  }

  /** States of items that left the board, until they are published. */
  private readonly savedNews = new Map<string, WireState>();

  private showNew(item: BoardItem): void {
    const known = this.board.get(item.id);
    if (known) {
      known.message = item.message;
    } else {
      this.board.put(item);
      const status = this.board.status(item.id);
      if (status) this.statuses.tell([status]);
    }
    this.news.contents.add(item.id);
    this.planNews();
  }

  private showContent(id: string, message: OutboxMessage): void {
    const item = this.board.get(id);
    if (!item) return;
    item.message = { ...message, id };
    this.news.contents.add(id);
    this.planNews();
  }

  /** An item that nobody holds any more: saved, or thrown away for good. */
  private showGone(id: string): void {
    const state = this.board.get(id)?.state.state;
    if (state === 'failed' || state === 'discarded') {
      this.board.remove(id);
      this.removals.tell([id]);
    } else {
      this.show(id, { state: 'saved' }, true);
    }
    this.own.delete(id);
    this.waiters.moved(id, 'saved');
  }

  private tellPace(wait: WireState | null): void {
    this.news.isPaced = true;
    this.planNews();
    const changed = this.board.setPace(wait);
    if (changed.length > 0) this.statuses.tell(changed);
  }

  private takeReport(report: SenderReport): void {
    this.report = report;
    const changed = this.board.setPace(report.pace);
    if (changed.length > 0) this.statuses.tell(changed);
    this.reports.tell(report);
  }

  private planNews(): void {
    if (this.isNewsPlanned) return;
    this.isNewsPlanned = true;
    queueMicrotask(() => this.publish());
  }

  /** Tells the other tabs, and this one's listeners, what changed since the last time. */
  private publish(): void {
    this.isNewsPlanned = false;
    if (this.isClosed) return;
    const { link } = this.dependencies;
    const take = (ids: Set<string>) => {
      const taken = [...ids];
      ids.clear();
      return taken;
    };
    const contents = take(this.news.contents).flatMap((id) => this.board.get(id) ?? []);
    const items = take(this.news.items).flatMap((id): ItemReport[] => {
      const saved = this.savedNews.get(id);
      const report = saved ? { id, state: saved, mayBeSent: true } : this.reportOf(id);
      return report ? [report] : [];
    });
    const removed = take(this.news.removed);
    const stored = take(this.news.stored).flatMap((id) => this.board.get(id) ?? []);
    this.savedNews.clear();
    this.news.isPaced = false;
    if (this.isSender) {
      this.report = { pace: this.paceNow(), metrics: this.metricsNow() };
      link.post({ type: 'moved', items, contents: contents.filter(({ state }) => state.state !== 'storing'), removed, report: this.report });
    } else if (stored.length > 0) {
      link.post({ type: 'stored', items: stored });
    }
    this.reports.tell(this.report);
  }

  private standing(): TabMessage {
    const items = this.board.ids().flatMap((id) => this.reportOf(id) ?? []);
    return { type: 'leading', items: items.filter(({ state }) => state.state !== 'storing'), report: { pace: this.paceNow(), metrics: this.metricsNow() } };
  }

  private reportOf(id: string): ItemReport | null {
    const state = this.stateOf(id);
    return state === undefined ? null : { id, state: JSON.parse(state) as WireState, mayBeSent: this.driver.outbox.mayBeSent(id) };
  }

  /** The engine's word on an item; none on what cannot be an item, wherever it was told of. */
  private stateOf(id: string): string | undefined {
    return isId(id) ? this.driver.outbox.state(id) : undefined;
  }

  private paceNow(): WireState | null {
    const wait = this.driver.outbox.wait();
    return wait === undefined ? null : (JSON.parse(wait) as WireState);
  }

  private metricsNow(): WireMetrics {
    return JSON.parse(this.driver.outbox.metrics()) as WireMetrics;
  }

  private checkOpen(): void {
    if (this.isClosed) throw new ClientClosed();
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof WouldLose) return { name: error.code, queued: error.queued, failed: error.failed };
  return { name: error instanceof OutboxError ? error.code : 'failed' };
}
