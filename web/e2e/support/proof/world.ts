import type { BrowserContext, LaunchOptions } from '@playwright/test';
import { expect } from '@playwright/test';
import { BrowserProfile } from '../browserProfile.ts';
import { FaultProxy } from '../faults/faultProxy.ts';
import { now } from '../faults/seen.ts';
import { Server, type StoredMessage } from '../server.ts';
import { record } from './recorder.ts';
import { ShownLog } from './shownLog.ts';
import type { Place, Surface, Tab } from './surface.ts';
import { untruths } from './truth.ts';

/** The longest that a proof waits for the server to have everything, in milliseconds. Longer than any pause that the client makes by itself at the start of an outage. */
const ARRIVAL_MS = 25_000;

interface Written {
  id: string;
  text: string;
  /** What was written in one tab arrives in the order in which it was written. */
  tab: Tab;
  conversationId: string;
}

/** A server, the network before it, a browser with a profile of its own, and everything that was written and shown in it. */
export class World {
  readonly server: Server;
  readonly network: FaultProxy;
  readonly profile: BrowserProfile;
  readonly shown = new ShownLog();
  readonly written: Written[] = [];
  /** The conversation in which is written where nothing else is said. */
  conversationId = '';
  context!: BrowserContext;
  private readonly surface: Surface;
  /** Recording takes time of its own, so that nothing is measured beside it. */
  private readonly isRecorded: boolean;
  private words = 0;
  /** The text that was begun last, whether or not the tab could still tell of it. */
  lastText = '';

  private constructor(surface: Surface, server: Server, network: FaultProxy, profile: BrowserProfile, isRecorded: boolean) {
    this.isRecorded = isRecorded;
    this.surface = surface;
    this.server = server;
    this.network = network;
    this.profile = profile;
  }

  /** Everything is there, and one conversation; no tab is open. */
  static async create(surface: Surface, launch: LaunchOptions, { isRecorded = true } = {}): Promise<World> {
    const ownAnswer = await surface.prepare();
    const server = await Server.create();
    const network = await FaultProxy.start(() => server.url, ownAnswer);
    const world = new World(surface, server, network, await BrowserProfile.create(launch), isRecorded);
    try {
      world.conversationId = (await server.api('POST', '/conversation/create', { title: 'Proof' })).id;
      await world.startBrowser();
    } catch (failure) {
      await world.dispose();
      throw failure;
    }
    return world;
  }

  async dispose(): Promise<void> {
    await this.profile.dispose();
    await this.network.dispose();
    await this.server.dispose();
  }

  async startBrowser(): Promise<void> {
    this.context = await this.profile.start();
    if (this.isRecorded) await record(this.context, this.shown);
  }

  async openTab(conversationId = this.conversationId): Promise<Tab> {
    return this.surface.show(await this.context.newPage(), this.network.url, conversationId);
  }

  /** Writes a text that nobody wrote before. */
  async write(tab: Tab, place: Place = {}): Promise<Written> {
    this.words += 1;
    const text = `word ${this.words}.`;
    this.lastText = text;
    const written = { id: await tab.write(text, place), text, tab, conversationId: place.conversationId ?? this.conversationId };
    this.written.push(written);
    return written;
  }

  /** What the server has of a message; asked directly, not through the proxy. */
  async row(id: string): Promise<StoredMessage | null> {
    const response = await fetch(`${this.server.url}/message/${id}`);
    return response.ok ? ((await response.json()) as StoredMessage) : null;
  }

  /** Waits until a message was shown in this state at least once. */
  async wasShown(id: string, state: string): Promise<void> {
    await expect.poll(() => this.shown.statesOf(id), { timeout: ARRIVAL_MS, message: `the states in which ${id} was shown` }).toContain(state);
  }

  /** Waits until a message was shown as kept on the device; what dies before that was never promised. */
  async isKept(id: string): Promise<void> {
    await expect.poll(() => this.shown.statesOf(id), { timeout: ARRIVAL_MS, message: `the states in which ${id} was shown` }).toContainEqual(expect.stringMatching(/^(queued|waiting|sending|saved)$/));
  }

  /** Waits until the server has a message and the device keeps nothing of it any more. */
  async isSettled(id: string): Promise<void> {
    await expect.poll(async () => (await this.row(id)) !== null, { timeout: ARRIVAL_MS, message: `${id} on the server` }).toBe(true);
    await this.nothingIsLeft([id]);
  }

  /**
   * The promise: the server has what was written, each once, what each tab wrote in its order, nothing else, and each below a message
   * that was there before it; what the page showed on the way was true; and the device keeps nothing any more.
   */
  async keptItsPromise({ except = [], within = ARRIVAL_MS }: { except?: readonly string[]; within?: number } = {}): Promise<void> {
    const expected = this.written.filter(({ id }) => !except.includes(id));
    for (const conversationId of new Set(expected.map((written) => written.conversationId))) {
      const here = expected.filter((written) => written.conversationId === conversationId);
      const texts = async () => (await this.said(conversationId)).map(textOf);
      await expect.poll(async () => (await texts()).toSorted(), { timeout: within, message: 'what the server has' }).toEqual(here.map(({ text }) => text).toSorted());
      for (const tab of new Set(here.map((written) => written.tab))) {
        const own = here.filter((written) => written.tab === tab).map(({ text }) => text);
        expect((await texts()).filter((text) => own.includes(text))).toEqual(own);
      }
      await this.parentsComeFirst(conversationId);
    }
    const rows = (await Promise.all([...new Set(this.written.map(({ conversationId }) => conversationId))].map((id) => this.server.messages(id)))).flat();
    // Whatever shows it now shows it as saved.
    const shownNow = (id: string) => [...new Map(this.shown.entries.filter(({ messageId }) => messageId === id).map(({ tab, state }) => [tab, state])).values()];
    for (const { id } of expected) await expect.poll(() => shownNow(id).filter((state) => !['saved', 'none', 'gone'].includes(state)), { message: `how ${id} is shown` }).toEqual([]);
    expect(untruths(this.shown.entries, new Map(rows.map(({ id, storedAt }) => [id, Date.parse(storedAt)])), now())).toEqual([]);
    await this.nothingIsLeft(expected.map(({ id }) => id));
  }

  /** What people said in a conversation, in the order of the server; nothing where it does not have the conversation yet. */
  private async said(conversationId: string): Promise<StoredMessage[]> {
    const isThere = (await fetch(`${this.server.url}/conversation/${conversationId}`)).ok;
    return isThere ? (await this.server.messages(conversationId)).filter(({ role }) => role === 'user') : [];
  }

  private async parentsComeFirst(conversationId: string): Promise<void> {
    const before = new Set<string>();
    for (const { id, parentId } of await this.server.messages(conversationId)) {
      if (parentId !== null) expect([...before]).toContain(parentId);
      before.add(id);
    }
  }

  private async nothingIsLeft(ids: readonly string[]): Promise<void> {
    const page = this.context.pages().find((candidate) => candidate.url().startsWith(this.network.url));
    if (!page) return;
    const left = () => page.evaluate(async (all) => {
      const held: string[] = [];
      for (const id of all) if (await window.manentRecorder!.holds(id)) held.push(id);
      return held;
    }, ids);
    await expect.poll(left, { message: 'what the device still keeps' }).toEqual([]);
  }
}

function textOf(message: StoredMessage): string {
  return message.content.map(({ text }) => text ?? '').join('');
}
