import type { ApiClient } from '../api/client';
import { streamPlacedEvents, streamRunEvents, type Wait, waitInBrowser } from '../api/completion';
import type { CompletionEvent } from '../api/types';
import type { AnswerRequests } from './answerRequests';
import type { StreamPlaces } from './streamPlaces';
import type { Turn } from './turn';

/** Reads the streams of answers, as many at the same time as the browser has connections for. */
export class AnswerReader {
  private readonly api: ApiClient;
  private readonly requests: AnswerRequests;
  private readonly places: StreamPlaces;
  /** Ends the pauses before lost connections are opened again. */
  private readonly pauses = new Set<() => void>();

  constructor(api: ApiClient, requests: AnswerRequests, places: StreamPlaces) {
    this.api = api;
    this.requests = requests;
    this.places = places;
  }

  /** Connections that were lost are opened again at once. */
  serverIsBack(): void {
    for (const end of this.pauses) end();
  }

  /**
   * Asks at once, and reads as long as the browser has a connection to spare. Where it has none an answer that goes on by itself is left
   * after its first event, and read on when there is one.
   */
  async *read(turn: Turn): AsyncGenerator<CompletionEvent, void, void> {
    const { runId, place, controller } = turn;
    const api = this.api.within(turn.traceparent);
    let taking: Promise<(() => void) | null> = this.places.tryTake();
    try {
      for (;;) {
        let isPutOff = false;
        for await (const event of streamPlacedEvents(api, () => this.requests.build(turn), runId, place, controller.signal, this.wait)) {
          yield event;
          const goesOn = turn.isRecorded || turn.isRemembered;
          if (goesOn && place.lastEventId !== null && event.event !== 'done' && event.event !== 'error' && (await taking) === null) {
            isPutOff = true;
            break;
          }
        }
        if (!isPutOff) return;
        taking = this.places.take(controller.signal);
        await taking;
      }
    } finally {
      taking.then((release) => release?.()).catch(() => undefined);
    }
  }

  /** Reads a run that somebody else began, from its beginning. */
  async *follow(runId: string, signal: AbortSignal): AsyncGenerator<CompletionEvent, void, void> {
    const release = await this.places.take(signal);
    try {
      yield* streamRunEvents(this.api, runId, signal, this.wait);
    } finally {
      release();
    }
  }

  /** Waits until it is time to open a lost connection again, or until the server is known to be back. */
  private readonly wait: Wait = async (milliseconds, signal) => {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.pauses.add(end);
    await Promise.race([waitInBrowser(milliseconds, signal), ended]);
    this.pauses.delete(end);
  };
}
