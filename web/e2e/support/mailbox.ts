import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

export interface Mail {
  to: string;
  /** The whole message: header lines, an empty line, the body. */
  text: string;
  /** The first link in it. */
  link: string;
}

/** A mail server that takes everything and delivers it nowhere. */
export class Mailbox {
  private readonly server: Server;
  private readonly mails: Mail[] = [];
  private readonly waiting: { to: string; take: (mail: Mail) => void }[] = [];

  private constructor() {
    this.server = createServer((socket) => this.talk(socket));
  }

  static async open(): Promise<Mailbox> {
    const mailbox = new Mailbox();
    mailbox.server.listen(0, '127.0.0.1');
    await once(mailbox.server, 'listening');
    return mailbox;
  }

  /** The settings of `[mail]` for a server that sends through it. */
  get settings(): Record<string, string | number> {
    return { host: '127.0.0.1', port: (this.server.address() as AddressInfo).port, tls: 'none', from: 'Manent <manent@example.org>' };
  }

  /** The next mail to an address that nobody took yet. */
  next(to: string): Promise<Mail> {
    const found = this.mails.findIndex((mail) => mail.to === to);
    if (found >= 0) return Promise.resolve(this.mails.splice(found, 1)[0]!);
    return new Promise((take) => this.waiting.push({ to, take }));
  }

  close(): void {
    this.server.close();
  }

  private talk(socket: Socket): void {
    const say = (line: string) => socket.write(`${line}\r\n`);
    let to = '';
    let body: string[] | null = null;
    socket.on('error', () => socket.destroy());
    say('220 mailbox.test');
    createInterface({ input: socket, crlfDelay: Infinity }).on('line', (line) => {
      if (body !== null) {
        if (line !== '.') return void body.push(line.replace(/^\./, ''));
        this.deliver(to, body.join('\n'));
        body = null;
        return say('250 taken');
      }
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'RCPT') to = /<(.*)>/.exec(line)?.[1] ?? '';
      if (verb === 'DATA') body = [];
      say(verb === 'DATA' ? '354 go on' : verb === 'QUIT' ? '221 bye' : verb === 'EHLO' ? '250 mailbox.test' : '250 fine');
      if (verb === 'QUIT') socket.end();
    });
  }

  private deliver(to: string, text: string): void {
    const mail = { to, text, link: /https?:\/\/\S+#\S+/.exec(text)?.[0] ?? '' };
    const place = this.waiting.findIndex((waiting) => waiting.to === to);
    if (place >= 0) this.waiting.splice(place, 1)[0]!.take(mail);
    else this.mails.push(mail);
  }
}
