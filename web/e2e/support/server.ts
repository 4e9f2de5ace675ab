import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const WEB = resolve(import.meta.dirname, '../..');
const BINARY = process.env.MANENT_BIN || process.env.MANENT_BINARY || resolve(WEB, '../target/debug/manent');
const RULES = resolve(WEB, '../crates/manent-scripted/rules/test.toml');
const START_LIMIT_MS = 20_000;

interface ServerSettings {
  /** Without any provider, so that the built-in demonstration answers. */
  demo?: boolean;
  /** People sign in, with these settings of `[accounts]`. */
  accounts?: Record<string, string>;
  /** People sign in at an OpenID provider, with these settings of `[oidc]`. */
  oidc?: Record<string, string | boolean>;
  /** The settings of `[mail]`; the links in it lead to the address that the server has already. */
  mail?: Record<string, string | number>;
  /** The lines of the configuration about providers, in place of the one with the test rules. */
  providers?: string;
}

/** The real server on its own data directory, answering from the test rules. */
export class Server {
  url = '';
  private process: ChildProcess | null = null;
  private readonly directory: string;
  private log = '';

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(settings: ServerSettings = {}): Promise<Server> {
    const directory = await mkdtemp(join(tmpdir(), 'manent-e2e-'));
    const server = new Server(directory);
    await server.configure(settings);
    await server.start();
    return server;
  }

  /** The same server with other settings of `[accounts]`, which makes people sign in. */
  restartWith(accounts: Record<string, string>): Promise<void> {
    return this.restart({ accounts });
  }

  /** The same server, at the same address, with other settings. */
  async restart(settings: ServerSettings): Promise<void> {
    await this.end();
    await this.configure(settings);
    await this.start();
  }

  /** The same server, where nobody signs in any more. */
  restartLocally(): Promise<void> {
    return this.restart({});
  }

  private async configure({ demo = false, accounts, oidc, mail, providers }: ServerSettings): Promise<void> {
    const provider = providers ?? `[[providers]]\nid = "scripted"\nkind = "scripted"\nrules = ${JSON.stringify(RULES)}\n`;
    const section = (name: string, settings: object) => `[${name}]\n${Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join('')}`;
    const mode = oidc ? 'oidc' : accounts ? 'accounts' : 'local';
    const publicUrl = mail ? `public_url = ${JSON.stringify(this.url)}\n` : '';
    const signIn = `mode = "${mode}"\n${publicUrl}${mail ? section('mail', mail) : ''}${accounts ? section('accounts', accounts) : ''}${oidc ? section('oidc', oidc) : ''}`;
    await writeFile(join(this.directory, 'manent.toml'), `${signIn}${demo ? '' : provider}[testing]\nsign_in_switch = true\n`);
  }

  /** Starts the server, after the first time at the address that it had before. */
  async start(): Promise<void> {
    const listen = this.url === '' ? '127.0.0.1:0' : new URL(this.url).host;
    const child = spawn(BINARY, ['serve', '--listen', listen, '--data-dir', join(this.directory, 'data'), '--config', join(this.directory, 'manent.toml')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: withoutKeys(process.env),
    });
    this.process = child;
    child.stderr.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    this.url = await new Promise<string>((resolvePromise, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server did not become ready:\n${this.log}`)), START_LIMIT_MS);
      const fail = (reason: string) => {
        clearTimeout(timer);
        reject(new Error(`${reason}\n${this.log}`));
      };
      child.once('error', (error) => fail(`${BINARY}: ${error.message}`));
      child.once('exit', (code) => fail(`the server ended with ${code}`));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const match = /Manent is ready at (http:\/\/\S+)/.exec(line);
        if (!match) return;
        clearTimeout(timer);
        child.removeAllListeners('exit');
        resolvePromise(match[1]!.replace(/\/$/, ''));
      });
    });
  }

  /** Runs a command of the program beside the server, and gives what it prints. */
  async command(...command: string[]): Promise<string> {
    const places = ['--data-dir', join(this.directory, 'data'), '--config', join(this.directory, 'manent.toml')];
    const { stdout } = await promisify(execFile)(BINARY, [...command, ...places], { env: withoutKeys(process.env) });
    return stdout;
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.process;
    this.process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolvePromise) => child.once('exit', resolvePromise));
    child.kill('SIGKILL');
    await ended;
  }

  /** Asks the process to end, as a service manager does, and waits until it has. */
  async end(): Promise<void> {
    const child = this.process;
    this.process = null;
    if (!child) return;
    const ended = new Promise((resolvePromise) => child.once('exit', resolvePromise));
    child.kill('SIGTERM');
    await ended;
  }

  /** Comes back without anything that it had, as after the loss of its disk. */
  async loseEverything(): Promise<void> {
    await this.kill();
    await rm(join(this.directory, 'data'), { recursive: true, force: true });
    await this.start();
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Calls the API and gives the JSON of a good answer. */
  async api<T = Conversation>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Lets everyone's session expire: the API answers 401 until it is taken back. */
  async needSignIn(needed: boolean): Promise<void> {
    const response = await fetch(`${this.url}/testing/sign-in-needed`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ needed }) });
    if (!response.ok) throw new Error(`the switch answered ${response.status}: ${await response.text()}`);
  }

  /** Puts a conversation with one turn into the store. */
  async conversation(title: string, question = 'A question', answer = 'An answer.'): Promise<string> {
    const { id } = await this.api<{ id: string }>('POST', '/conversation/create', { title });
    await this.api('POST', '/message/append', {
      messages: [
        { conversationId: id, role: 'user', content: question },
        { conversationId: id, role: 'assistant', content: answer },
      ],
    });
    return id;
  }

  async messages(conversationId: string): Promise<StoredMessage[]> {
    return (await this.api<{ messages: StoredMessage[] }>('GET', `/conversation/${conversationId}/messages?limit=200`)).messages;
  }
}

export interface Conversation {
  id: string;
  title: string | null;
  titleSource: string;
  trashedAt: string | null;
  config: { model?: string; system?: string };
}

export interface StoredMessage {
  id: string;
  parentId: string | null;
  seq: number;
  role: string;
  status: string;
  content: { type: string; text?: string; code?: string; mediaType?: string }[];
  model?: string;
  storedAt: string;
}

/** A developer's own keys and settings must not reach the tests' server. */
function withoutKeys(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(MANENT|ANTHROPIC|OPENAI)_/.test(name)));
}
