import type { RefusalName } from './engine/wire.js';

/** Why the outbox did not do what it was asked; nothing changed. `code` is stable. */
export class OutboxError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The outbox holds as many items as it may. */
export class OutboxFull extends OutboxError {
  constructor() {
    super('full', 'The outbox is full: wait until something is saved, or discard what failed.');
  }
}

/** What was to be queued has an id that is none, or content that no store could give back. */
export class InvalidItem extends OutboxError {
  constructor(detail: string, options?: ErrorOptions) {
    super('invalid', `The message cannot be queued: ${detail}.`, options);
  }
}

/** Nobody is signed in. */
export class SignedOut extends OutboxError {
  constructor() {
    super('signed_out', 'Signed out: sign in first.');
  }
}

/** A request with the item may have left this device. */
export class MaybeSent extends OutboxError {
  constructor() {
    super('maybe_sent', 'The message may have been sent already: edit it once it is saved.');
  }
}

/** The item is not among the failed (or, for `undo`, the discarded) ones. */
export class NotInTray extends OutboxError {
  constructor() {
    super('not_in_tray', 'The message is not among the failed ones.');
  }
}

/** The outbox has no such item, or no longer: it may have been saved meanwhile. */
export class UnknownItem extends OutboxError {
  constructor() {
    super('unknown', 'The outbox has no such message; it may have been saved meanwhile.');
  }
}

/** The server has something else under the message's id. */
export class NeedsNewId extends OutboxError {
  constructor() {
    super('needs_new_id', 'The server has something else under the id of this message: discard it and queue its words anew.');
  }
}

/** The message that this one builds on is among the failed ones. */
export class ParentFailed extends OutboxError {
  constructor() {
    super('parent_failed', 'The message that this one follows was not saved: send that one again first, or put this one elsewhere.');
  }
}

/** The message is larger than the server takes. */
export class TooLarge extends OutboxError {
  constructor() {
    super('too_large', 'The message is too large: shorten it, or leave attachments out.');
  }
}

/** Signing out now would lose what is not saved: flush first, or confirm. */
export class WouldLose extends OutboxError {
  readonly queued: number;
  readonly failed: number;

  constructor(queued: number, failed: number) {
    super('would_lose', `Signing out would lose ${queued + failed} messages that are not saved. Confirm it to do it all the same.`);
    this.queued = queued;
    this.failed = failed;
  }
}

/** No tab of this device answered that could follow the command. */
export class NoSender extends OutboxError {
  constructor() {
    super('no_sender', 'No tab answered that could do this. Try again.');
  }
}

/** The client was closed. */
export class ClientClosed extends OutboxError {
  constructor() {
    super('closed', 'The client is closed.');
  }
}

/** The error that stands for the engine's or another tab's refusal. */
export function errorOf(name: string): OutboxError {
  switch (name as RefusalName | 'invalid' | 'would_lose' | 'no_sender' | 'closed') {
    case 'invalid':
      return new InvalidItem('its new form is not one that can be sent');
    case 'full':
      return new OutboxFull();
    case 'signed_out':
      return new SignedOut();
    case 'maybe_sent':
      return new MaybeSent();
    case 'not_in_tray':
      return new NotInTray();
    case 'unknown':
      return new UnknownItem();
    case 'needs_new_id':
      return new NeedsNewId();
    case 'parent_failed':
      return new ParentFailed();
    case 'too_large':
      return new TooLarge();
    case 'no_sender':
      return new NoSender();
    case 'closed':
      return new ClientClosed();
    default:
      return new OutboxError(name, `The outbox refused: ${name}.`);
  }
}
