import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type LaunchOptions } from '@playwright/test';

/** A browser with a profile on disk, which outlives the browser's processes. */
export class BrowserProfile {
  private readonly directory: string;
  private readonly options: LaunchOptions;
  private open_: BrowserContext | null = null;
  private pid = 0;

  private constructor(directory: string, options: LaunchOptions) {
    this.directory = directory;
    this.options = options;
  }

  static async create(options: LaunchOptions): Promise<BrowserProfile> {
    return new BrowserProfile(await mkdtemp(join(tmpdir(), 'manent-profile-')), options);
  }

  /** Starts a browser on the profile. */
  async start(): Promise<BrowserContext> {
    const context = await chromium.launchPersistentContext(this.directory, { ...this.options, locale: 'en-US', viewport: { width: 1280, height: 800 }, serviceWorkers: 'allow' });
    context.setDefaultTimeout(10_000);
    const system = await context.browser()!.newBrowserCDPSession();
    const { processInfo } = await system.send('SystemInfo.getProcessInfo');
    await system.detach();
    this.pid = processInfo.find(({ type }) => type === 'browser')!.id;
    this.open_ = context;
    return context;
  }

  /** Ends the browser as the loss of power would: without a chance to do anything. */
  async kill(): Promise<void> {
    const context = this.open_!;
    const gone = new Promise((resolve) => context.once('close', resolve));
    process.kill(this.pid, 'SIGKILL');
    this.open_ = null;
    await gone;
  }

  /** Closes the browser as a person does. */
  async close(): Promise<void> {
    await this.open_?.close();
    this.open_ = null;
  }

  async dispose(): Promise<void> {
    await this.close();
    // The browser's last processes may still be writing for a moment.
    await rm(this.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
