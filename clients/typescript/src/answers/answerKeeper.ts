import type { EngineModule } from '../engine/load.js';
import type { WireAnswerOutput, WireAnswerState, WirePendingAnswer } from '../engine/wire.js';
import type { Environment } from '../environment.js';
import { ClientClosed, OutboxError, SignedOut } from '../errors.js';
import { isId, isTrace, newSeed } from '../ids.js';
import { Listeners } from '../listeners.js';
import { wordsFor } from '../persistence/words.js';
import type { DeviceStore, StoredRecord } from '../store/deviceStore.js';
import type { TabLink } from '../tabs/tabLink.js';
import type { AnswerKeeper, AnswerState, PendingAnswer } from '../types.js';

export interface AnswerKeeperDependencies {
  module: EngineModule;
  store: DeviceStore;
  link: TabLink;
  environment: Environment;
  deviceId: string;
  settings: { maxRetries?: number; backoffMs?: number };
  /** Calls {@link DurableAnswerKeeper.adoptFrom} when that slot's tab is gone. */
  watch(slot: number): void;
}

/**
 * The answers that this tab looks after, and those of the device's other tabs by name.
 *
 * Each answer belongs to one tab, whose device id stands in its record. What a dead tab left is adopted by the tab that sends the outbox, or by the next
 * tab in the same slot.
 */
export class DurableAnswerKeeper implements AnswerKeeper {
  private readonly dependencies: AnswerKeeperDependencies;
  private readonly machine: InstanceType<EngineModule['Answers']>;
  private readonly listeners = new Listeners<{ answer: PendingAnswer; state: AnswerState }>();
  /** Answers of other tabs. */
  private readonly others = new Map<string, PendingAnswer>();
  private readonly own = new Map<string, PendingAnswer>();
  private readonly wishes = new Map<string, { resolve(): void; reject(error: Error): void }[]>();
  private stopTimer: () => void = () => undefined;
  private isDraining = false;
  private isLeading = false;
  private isClosed = false;

  private constructor(dependencies: AnswerKeeperDependencies) {
    this.dependencies = dependencies;
    const { module, environment, deviceId, settings } = dependencies;
    this.machine = new module.Answers(deviceId, newSeed(environment), settings.maxRetries, settings.backoffMs);
  }

  /** Takes up what an earlier tab in this slot left behind. */
  static async open(dependencies: AnswerKeeperDependencies): Promise<DurableAnswerKeeper> {
    const keeper = new DurableAnswerKeeper(dependencies);
    dependencies.link.subscribe((message) => {
      if (message.type === 'answers') keeper.hear(message.wanted, message.ended);
      else if (message.type === 'signedIn') keeper.signedIn();
    });
    dependencies.store.onLost(() => keeper.tell((machine, now) => machine.storageLost(now)));
    // What cannot be read stays where it is.
    const records = await dependencies.store.readAnswers().catch(() => []);
    await keeper.takeStock(records);
    return keeper;
  }

  want(answer: PendingAnswer): Promise<void> {
    const { runId } = answer;
    return new Promise((resolve, reject) => {
      if (!isId(runId)) return reject(new OutboxError('invalid', 'The id of the run is no UUID in small letters.'));
      const wishes = this.wishes.get(runId);
      if (wishes) return void wishes.push({ resolve, reject });
      if (this.own.has(runId) || this.others.has(runId)) return resolve();
      this.wishes.set(runId, [{ resolve, reject }]);
      this.own.set(runId, answer);
      this.tell((machine, now) => machine.want(now, runId, JSON.stringify(answer), isTrace(answer.traceparent) ? answer.traceparent : undefined));
      this.dependencies.link.post({ type: 'answers', wanted: [answer], ended: [] });
    });
  }

  began(runId: string): void {
    if (this.own.has(runId)) this.tell((machine, now) => machine.began(now, runId));
  }

  ended(runId: string): void {
    this.dependencies.link.post({ type: 'answers', wanted: [], ended: [runId] });
    if (this.own.has(runId)) return this.tell((machine, now) => machine.ended(now, runId));
    // Whoever looks after it hears of it; should that be nobody, its record goes all the same.
    if (this.others.delete(runId)) void this.dependencies.store.write([{ do: 'deleteAnswer', key: runId }]).catch(() => undefined);
  }

  failed(runId: string, failure: { status: number; code?: string; retryAfterMs?: number }): boolean {
    if (!this.own.has(runId)) return false;
    this.tell((machine, now) => machine.failed(now, runId, failure.status, failure.code, failure.retryAfterMs));
    // The machine knows at once, even where what it says is followed later.
    return this.machine.state(runId) !== undefined;
  }

  pending(): PendingAnswer[] {
    return [...this.own.values(), ...this.others.values()];
  }

  state(runId: string): AnswerState | null {
    if (!this.own.has(runId)) return null;
    const state = this.machine.state(runId);
    return state === undefined ? null : answerStateOf(JSON.parse(state) as WireAnswerState);
  }

  subscribe(listener: (answer: PendingAnswer, state: AnswerState) => void): () => void {
    const stop = this.listeners.add(({ answer, state }) => listener(answer, state));
    // What was told before anybody listened is told now.
    for (const [runId, answer] of this.own) {
      const state = this.state(runId);
      if (state) queueMicrotask(() => this.own.has(runId) && listener(answer, this.state(runId) ?? state));
    }
    return stop;
  }

  probeNow(): void {
    this.tell((machine, now) => machine.probeNow(now));
  }

  signedIn(): void {
    this.tell((machine, now) => machine.signedIn(now));
  }

  /** The device's store was emptied on purpose. */
  forgetAll(): void {
    const runs = [...this.own.keys()];
    this.own.clear();
    this.others.clear();
    this.tell((machine, now) => machine.release(now, runs));
    this.rejectWishes(new SignedOut());
  }

  /** This tab sends from now on, and so looks after what dead tabs left. */
  async lead(): Promise<void> {
    this.isLeading = true;
    await this.adoptOrphans();
  }

  /** The tab of that slot is gone. */
  async adoptFrom(slot: number): Promise<void> {
    await this.adoptWhere((holder) => holder === this.nameOf(slot));
  }

  close(): void {
    this.isClosed = true;
    this.stopTimer();
    this.listeners.clear();
    this.rejectWishes(new ClientClosed());
  }

  private nameOf(slot: number): string {
    return `${this.dependencies.store.installation}-${slot}`;
  }

  /** At the start: takes what is this slot's, notes what is others', and puts aside what cannot be read. */
  private async takeStock(records: StoredRecord[]): Promise<void> {
    const { module, deviceId, store } = this.dependencies;
    const holders = records.map(({ record }) => module.answerHolder(record));
    const unreadable = records.filter((_record, place) => holders[place] === undefined);
    if (unreadable.length > 0) {
      await store.setAside(unreadable.map((record) => ({ ...record, from: 'answers' as const, reason: 'not a record of an answer' }))).catch(() => undefined);
    }
    this.adoptRecords(records.filter((_record, place) => holders[place] === deviceId));
    for (const [place, { key, record }] of records.entries()) {
      const holder = holders[place];
      if (holder === undefined || holder === deviceId) continue;
      const answer = pendingOf(record);
      if (answer) this.others.set(key, answer);
    }
  }

  /** Watches the slots in whose names answers stand; those of another installation have no tab any more. */
  private async adoptOrphans(): Promise<void> {
    const { module, store, deviceId, watch } = this.dependencies;
    const prefix = `${store.installation}-`;
    const slots = new Set<number>();
    try {
      for (const { record } of await store.readAnswers()) {
        const holder = module.answerHolder(record);
        if (holder === undefined || holder === deviceId) continue;
        const slot = holder.startsWith(prefix) ? Number(holder.slice(prefix.length)) : Number.NaN;
        if (Number.isInteger(slot)) slots.add(slot);
      }
    } catch {
      return;
    }
    for (const slot of slots) watch(slot);
    await this.adoptWhere((holder) => !holder.startsWith(prefix));
  }

  private async adoptWhere(isOrphaned: (holder: string) => boolean): Promise<void> {
    if (!this.isLeading || this.isClosed) return;
    const { module, store } = this.dependencies;
    try {
      const records = await store.readAnswers();
      this.adoptRecords(
        records.filter(({ record }) => {
          const holder = module.answerHolder(record);
          return holder !== undefined && isOrphaned(holder);
        }),
      );
    } catch {
      // The next tab that comes or goes is another occasion.
    }
  }

  private adoptRecords(records: StoredRecord[]): void {
    if (this.isClosed || records.length === 0) return;
    for (const { key, record } of records) {
      const answer = pendingOf(record);
      if (!answer) continue;
      this.others.delete(key);
      this.own.set(key, answer);
    }
    this.tell((machine, now) => machine.adopt(now, records.map(({ record }) => record)));
  }

  private hear(wanted: PendingAnswer[], ended: string[]): void {
    for (const answer of wanted) if (!this.own.has(answer.runId)) this.others.set(answer.runId, answer);
    for (const runId of ended) {
      this.others.delete(runId);
      if (this.own.has(runId)) this.tell((machine, now) => machine.ended(now, runId));
    }
  }

  private tell(input: (machine: InstanceType<EngineModule['Answers']>, now: number) => void): void {
    if (this.isClosed) return;
    input(this.machine, this.dependencies.environment.now());
    if (this.isDraining) return;
    this.isDraining = true;
    try {
      for (let text = this.machine.poll(); text !== undefined; text = this.machine.poll()) this.follow(JSON.parse(text) as WireAnswerOutput);
    } finally {
      this.isDraining = false;
    }
  }

  private follow(output: WireAnswerOutput): void {
    const { store, environment } = this.dependencies;
    switch (output.type) {
      case 'persist': {
        const { id } = output;
        store.write(output.operations).then(
          () => this.tell((machine, now) => machine.persisted(now, id, true)),
          () => this.tell((machine, now) => machine.persisted(now, id, false)),
        );
        break;
      }
      case 'start':
        this.notify(output.run, { state: 'start', attempt: output.attempt });
        break;
      case 'state':
        if (output.state.state !== 'storing') this.settle(output.run, ({ resolve }) => resolve());
        // `start` is told by the output that asks for it, when everything before it was done.
        if (output.state.state !== 'start') this.notify(output.run, answerStateOf(output.state));
        break;
      case 'failed':
      case 'ended':
        this.forget(output.run);
        break;
      case 'refused':
        this.own.delete(output.run);
        this.settle(output.run, ({ reject }) => reject(new OutboxError('too_many_answers', 'Too many answers are waited for.')));
        break;
      case 'wakeAt':
        this.stopTimer();
        this.stopTimer = environment.later(output.at - environment.now(), () => this.tell((machine, now) => machine.wake(now)));
        break;
      case 'invariantHeld':
        console.error(`manent: the engine held an invariant that was about to break: ${output.invariant}`);
        break;
      case 'storageRefused':
      case 'storageRecovered':
        // The outbox, in the same store, says so.
        break;
    }
  }

  private forget(runId: string): void {
    this.own.delete(runId);
    this.settle(runId, ({ resolve }) => resolve());
    this.dependencies.link.post({ type: 'answers', wanted: [], ended: [runId] });
  }

  private settle(runId: string, how: (wish: { resolve(): void; reject(error: Error): void }) => void): void {
    const wishes = this.wishes.get(runId);
    this.wishes.delete(runId);
    for (const wish of wishes ?? []) how(wish);
  }

  private rejectWishes(error: Error): void {
    for (const runId of this.wishes.keys()) this.settle(runId, ({ reject }) => reject(error));
  }

  private notify(runId: string, state: AnswerState): void {
    const answer = this.own.get(runId);
    if (answer) this.listeners.tell({ answer, state });
  }
}

function answerStateOf({ state, attempt, code, until }: WireAnswerState): AnswerState {
  switch (state) {
    case 'storing':
    case 'running':
      return { state };
    case 'start':
      return { state, attempt: attempt ?? 1 };
    case 'waiting':
      return { state, reason: { code: code ?? 'retry', detail: wordsFor({ state, code }) }, until: until ?? null };
  }
}

/** What a record says to people: the machine's own form around what was wanted. */
function pendingOf(record: string): PendingAnswer | null {
  try {
    const { answer } = JSON.parse(record) as { answer: WirePendingAnswer };
    return JSON.parse(answer.payload) as PendingAnswer;
  } catch {
    return null;
  }
}
