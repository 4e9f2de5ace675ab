import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as ask, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const FOLDER = resolve(import.meta.dirname, '../../../testing/oidc-provider');

/** A real OpenID provider that signs in, without asking, whoever the test says. */
export class OpenIdProvider {
  /** The settings of `[oidc]` for a server that trusts it. */
  readonly settings: Record<string, string | boolean>;
  private readonly front: HttpServer;
  private readonly process: ChildProcess;

  private constructor(front: HttpServer, process: ChildProcess, settings: Record<string, string | boolean>) {
    this.front = front;
    this.process = process;
    this.settings = settings;
  }

  static async start(): Promise<OpenIdProvider> {
    let port = 0;
    // Its name for itself is an address that is known before it takes a port of its own.
    const front = createServer((incoming, outgoing) => {
      const { method, url: path, headers } = incoming;
      const passed = ask({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(outgoing);
      });
      passed.on('error', () => outgoing.destroy());
      incoming.pipe(passed);
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    const settings = { issuer: `http://127.0.0.1:${(front.address() as AddressInfo).port}`, client_id: 'manent', client_secret: 'a secret between the two', label: 'the Garden Club' };
    const given = { issuer: settings.issuer, clientId: settings.client_id, clientSecret: settings.client_secret };
    const child = spawn(process.execPath, ['provider.js', JSON.stringify(given)], { cwd: FOLDER, stdio: ['pipe', 'pipe', 'ignore'] });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    port = (JSON.parse(line) as { port: number }).port;
    return new OpenIdProvider(front, child, settings);
  }

  /** Who signs in from now on; `error` for somebody who says no. */
  async next(person: { sub: string; email: string; name: string } | { error: string }): Promise<void> {
    await fetch(`${this.settings.issuer}/test/person`, { method: 'PUT', body: JSON.stringify('error' in person ? person : { email_verified: true, ...person }) });
  }

  async stop(): Promise<void> {
    this.process.stdin?.end();
    if (this.process.exitCode === null) await once(this.process, 'exit');
    this.front.closeAllConnections();
    this.front.close();
  }
}
