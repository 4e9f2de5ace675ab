import type { Outbox } from '../wasm/manent_engine.js';
import type { Environment } from '../environment.js';
import type { WireEvent, WireOutput, WireSend } from '../engine/wire.js';
import type { DeviceStore } from '../store/deviceStore.js';
import type { Transport } from './transport.js';

export interface EngineDriverDependencies {
  outbox: Outbox;
  store: Pick<DeviceStore, 'write'>;
  transport: Transport;
  environment: Environment;
  /** Hears of everything that the engine tells. */
  onEvent(event: WireEvent): void;
}

/**
 * Does what the engine says: writes, sends, waits. One output after the other, each with what came of it told back.
 *
 * The engine asks for one transaction and one request at a time; so nothing here needs a queue.
 */
export class EngineDriver {
  readonly outbox: Outbox;
  private readonly dependencies: EngineDriverDependencies;
  private readonly requests = new Map<number, AbortController>();
  private stopTimer: () => void = () => undefined;
  private writing: Promise<void> = Promise.resolve();
  private isDraining = false;
  private isStopped = false;
  private readonly idleListeners = new Set<() => void>();

  constructor(dependencies: EngineDriverDependencies) {
    this.dependencies = dependencies;
    this.outbox = dependencies.outbox;
  }

  /** Tells the engine something, and does what follows from it. */
  tell(input: (outbox: Outbox, now: number) => void): void {
    if (this.isStopped) return;
    input(this.outbox, this.dependencies.environment.now());
    this.drain();
  }

  get isSending(): boolean {
    return this.requests.size > 0;
  }

  /** Resolves when the transaction that is under way came to its end. */
  written(): Promise<void> {
    return this.writing;
  }

  /** Calls once when nothing is under way: no transaction, no request. */
  whenQuiet(): Promise<void> {
    return new Promise((resolve) => {
      this.idleListeners.add(resolve);
      this.checkQuiet();
    });
  }

  /** Breaks off what is under way; the engine is not told any more. */
  stop(): void {
    this.isStopped = true;
    this.stopTimer();
    for (const controller of this.requests.values()) controller.abort();
    this.requests.clear();
    this.checkQuiet();
  }

  private drain(): void {
    // An event's listener may tell the engine something; its outputs are then taken by the loop that runs already.
    if (this.isDraining) return;
    this.isDraining = true;
    try {
      for (let text = this.outbox.poll(); text !== undefined; text = this.outbox.poll()) this.follow(JSON.parse(text) as WireOutput);
    } finally {
      this.isDraining = false;
    }
    this.checkQuiet();
  }

  private follow(output: WireOutput): void {
    switch (output.type) {
      case 'persist': {
        const { id, operations } = output;
        this.pendingWrites += 1;
        this.writing = this.dependencies.store.write(operations).then(
          () => this.onWritten(id, true),
          () => this.onWritten(id, false),
        );
        break;
      }
      case 'send':
        void this.send(output);
        break;
      case 'cancel':
        this.requests.get(output.request)?.abort();
        this.requests.delete(output.request);
        break;
      case 'event':
        this.dependencies.onEvent(output.event);
        break;
      case 'wakeAt':
        this.stopTimer();
        this.stopTimer = this.dependencies.environment.later(output.at - this.dependencies.environment.now(), () => this.tell((outbox, now) => outbox.wake(now)));
    }
  }

  private pendingWrites = 0;

  private onWritten(id: number, isDone: boolean): void {
    this.pendingWrites -= 1;
    this.tell((outbox, now) => outbox.persisted(now, id, isDone));
    this.checkQuiet();
  }

  private async send(batch: WireSend): Promise<void> {
    const { request } = batch;
    const controller = new AbortController();
    this.requests.set(request, controller);
    let isOver = false;
    const sent = await this.dependencies.transport.send(batch, controller.signal, ({ status, retryAfterMs, body }) => {
      let goesOn = false;
      this.tell((outbox, now) => {
        goesOn = outbox.createAnswered(now, request, status, retryAfterMs, body);
      });
      isOver = !goesOn;
      return goesOn;
    });
    this.requests.delete(request);
    if (isOver) return this.checkQuiet();
    this.tell((outbox, now) => {
      if (sent.how === 'append') outbox.answered(now, request, sent.answer.status, sent.answer.retryAfterMs, sent.answer.body);
      else outbox.unanswered(now, request, sent.how);
    });
    this.checkQuiet();
  }

  private checkQuiet(): void {
    const isQuiet = this.isStopped || (this.pendingWrites === 0 && this.requests.size === 0);
    if (!isQuiet || this.isDraining) return;
    for (const listener of this.idleListeners) listener();
    this.idleListeners.clear();
  }
}
