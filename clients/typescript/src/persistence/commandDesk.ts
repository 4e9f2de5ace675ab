import { ClientClosed, errorOf, OutboxError, WouldLose } from '../errors.js';
import type { Command, Refusal } from '../tabs/messages.js';
import type { NewConversation, OutboxMessage } from '../types.js';
import type { Adoption } from './adoption.js';
import { createOf, payloadOf } from './payload.js';
import { deviceIdOf, type TabContext } from './tabContext.js';

/** So long a command waits for a sender: longer than it takes until another tab is one, in milliseconds. */
const MOST_PATIENCE_MS = 200_000;

interface Call {
  command: Command;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Has commands followed by the tab that holds the items: the sender follows them itself, the others ask it, and the next one when it dies. */
export class CommandDesk {
  private readonly tab: TabContext;
  private readonly adoption: Adoption;
  private readonly calls = new Map<string, Call>();
  private callCount = 0;
  private signingOut: { resolve(): void; reject(error: Error): void } | null = null;

  constructor(tab: TabContext, adoption: Adoption) {
    this.tab = tab;
    this.adoption = adoption;
  }

  async have(command: Command): Promise<unknown> {
    if (this.tab.isSender) return this.follow(command);
    this.callCount += 1;
    const call = `${deviceIdOf(this.tab)}/${this.callCount}`;
    let stop = () => undefined as void;
    // Sending may take as long as there is something to send.
    if (command.do !== 'flush') stop = this.tab.environment.later(MOST_PATIENCE_MS, () => this.onDone(call, undefined, { name: 'no_sender' }));
    const answer = new Promise((resolve, reject) => this.calls.set(call, { command, resolve, reject }));
    this.tab.link.post({ type: 'command', call, command });
    return answer.finally(stop);
  }

  /** There is another sender, which may not have heard what was asked. */
  askAgain(): void {
    for (const [call, { command }] of this.calls) this.tab.link.post({ type: 'command', call, command });
  }

  /** This tab is the sender now; the answers to what it asked died with the last one. */
  followOwn(): void {
    for (const [call, { command, resolve, reject }] of this.calls) {
      this.calls.delete(call);
      this.follow(command).then(resolve, reject);
    }
  }

  /** Follows another tab's command. */
  serve(call: string, command: Command): void {
    const { link, writer } = this.tab;
    this.follow(command).then(
      (result) => {
        // What the command changed is told before its answer.
        writer.publish();
        link.post({ type: 'done', call, result });
      },
      (error: unknown) => link.post({ type: 'done', call, refusal: refusalOf(error) }),
    );
  }

  onDone(call: string, result: unknown, refusal: Refusal | undefined): void {
    const waiting = this.calls.get(call);
    this.calls.delete(call);
    if (refusal) waiting?.reject(refusal.name === 'would_lose' ? new WouldLose(refusal.queued ?? 0, refusal.failed ?? 0) : errorOf(refusal.name));
    else waiting?.resolve(result);
  }

  /** The engine's answer to signing out. */
  onSignOut(error?: Error): void {
    if (error) this.signingOut?.reject(error);
    else this.signingOut?.resolve();
    this.signingOut = null;
  }

  close(): void {
    for (const call of this.calls.values()) call.reject(new ClientClosed());
    this.calls.clear();
  }

  /** Follows a command as the sender. */
  private async follow(command: Command): Promise<unknown> {
    const { driver, engine, waiters, writer } = this.tab;
    if ('id' in command) {
      if (writer.isStoring(command.id)) await waiters.wait(command.id, (state) => state !== 'storing');
      else if (!engine.has(command.id)) {
        await this.adoption.done();
        await this.adoption.adoptNow([command.id]);
      }
    }
    switch (command.do) {
      case 'replace':
        return this.replace(command.id, command.message);
      case 'retry':
        return this.retry(command.id, command.message);
      case 'withdraw':
      case 'discard':
      case 'undo': {
        const aim = command.do === 'discard' ? 'discarded' : 'failed';
        const done = waiters.wait(command.id, (state) => state === aim);
        driver.tell((outbox, now) => outbox[command.do](now, command.id));
        return done;
      }
      case 'seen':
        return driver.tell((outbox, now) => outbox.seenSaved(now, command.id, command.seq));
      case 'history':
        return engine.history(command.id);
      case 'flush':
        return this.flush();
      case 'signOut':
        return this.signOut(command.confirmed);
    }
  }

  private async replace(id: string, message: OutboxMessage): Promise<void> {
    const { driver, waiters, writer } = this.tab;
    const payload = payloadOf(message, this.createWish(id));
    const done = waiters.wait(id, (state) => state !== 'storing');
    driver.tell((outbox, now) => outbox.replace(now, id, payload.text));
    await done;
    writer.showContent(id, message);
  }

  private async retry(id: string, message?: OutboxMessage): Promise<void> {
    const { driver, waiters, writer } = this.tab;
    const payload = message && payloadOf(message, this.createWish(id));
    const done = waiters.wait(id, (state) => state !== 'failed' && state !== 'storing');
    driver.tell((outbox, now) => outbox.retry(now, id, payload?.text, payload?.parent));
    await done;
    if (message) writer.showContent(id, message);
  }

  private createWish(id: string): NewConversation | undefined {
    const item = this.tab.engine.item(id);
    return item ? createOf(item) : undefined;
  }

  private async flush(): Promise<void> {
    const { driver } = this.tab;
    await this.adoption.done();
    driver.tell((outbox, now) => outbox.probeNow(now));
    await driver.whenQuiet();
  }

  private async signOut(isConfirmed: boolean): Promise<void> {
    this.adoption.reconcile();
    await this.adoption.done();
    return new Promise((resolve, reject) => {
      this.signingOut = { resolve, reject };
      this.tab.driver.tell((outbox, now) => outbox.signOut(now, isConfirmed));
    });
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof WouldLose) return { name: error.code, queued: error.queued, failed: error.failed };
  return { name: error instanceof OutboxError ? error.code : 'failed' };
}
