// A stand-in for the server while working on the page's looks: it keeps everything in memory, checks nothing and forgets
// everything when it ends. Not a test double: the browser tests drive the real server.
//   node dev/mock-server.mjs [port] & npm run dev
import { createServer } from 'node:http';

const port = Number(process.argv[2] ?? 3080);
const conversations = new Map();
const messages = new Map();
const now = () => new Date().toISOString();

const ANSWER = `Here is a **plan** with a bit of everything, in *several* steps.

## What to do first

1. Measure the bed: it is about $a \\times b$ metres.
2. Choose the plants
   - tomatoes
   - beans, with \`stakes\`
3. Water in the morning.

| Plant | Distance | Water |
| :---- | -------: | :---: |
| Tomato | 60 cm | much |
| Bean | 15 cm | some |
| Thyme | 30 cm | little |

\`\`\`rust
/// How many plants fit into a row.
fn plants(row: f64, distance: f64) -> usize {
    (row / distance).floor() as usize
}
\`\`\`

The area follows from

$$
A = \\int_0^{a} b(x)\\,dx \\approx \\sum_{i=1}^{n} b_i \\, \\Delta x
$$

> A garden is never finished, and <script>alert("this stays text")</script>.

See [the almanac](https://example.org/almanac) or [this](javascript:alert(1)). That is all.`;

function newConversation(body, extra = {}) {
  const id = body.id ?? crypto.randomUUID();
  const conversation = { id, title: body.title ?? null, titleSource: 'none', config: body.config ?? {}, archived: false, pinned: false, trashedAt: null, lastSeq: 0, createdAt: now(), updatedAt: now(), lastMessageAt: null, ...extra };
  conversations.set(id, conversation);
  messages.set(id, []);
  return conversation;
}

function append(message) {
  const conversation = conversations.get(message.conversationId);
  if (!conversation) return { id: message.id, outcome: 'rejected', code: 'conversation_not_found' };
  const list = messages.get(conversation.id);
  const known = list.find((item) => item.id === message.id);
  if (known) return { id: message.id, outcome: 'duplicate', seq: known.seq };
  conversation.lastSeq += 1;
  conversation.lastMessageAt = message.createdAt ?? now();
  conversation.title ??= message.content[0]?.text?.slice(0, 50) ?? null;
  list.push({ status: 'complete', createdAt: now(), ...message, seq: conversation.lastSeq, storedAt: now() });
  return { id: message.id, outcome: 'stored', seq: conversation.lastSeq };
}

function page(list, url) {
  const limit = Number(url.searchParams.get('limit') ?? 50);
  const start = Number(url.searchParams.get('cursor') ?? 0);
  return { items: list.slice(start, start + limit), next: start + limit < list.length ? String(start + limit) : null };
}

async function complete(response, body) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let id = 0;
  const send = (event, data) => response.write(`id: ${(id += 1)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const question = JSON.stringify(body.messages.at(-1).content);
  await pause(400);
  send('start', { provider: 'mock', model: 'mock-1' });
  if (/think/.test(question)) for (const word of 'The person wants a plan. I should keep it short and give numbers. '.repeat(3).split(' ')) { send('delta', { type: 'reasoning', text: `${word} ` }); await pause(20); }
  const text = /long/.test(question) ? Array.from({ length: 12 }, () => ANSWER).join('\n\n') : /short/.test(question) ? 'Yes.' : ANSWER;
  const tokens = text.match(/\s*\S{1,5}|\s+$/g);
  for (const [index, token] of tokens.entries()) {
    if (response.destroyed) return;
    if (/fail/.test(question) && index === 20) { send('error', { code: 'provider_overloaded', detail: 'The provider is overloaded.', retryable: true }); return response.end(); }
    if (/length/.test(question) && index === 40) { send('done', { finishReason: 'length' }); return response.end(); }
    send('delta', { type: 'text', text: token });
    await pause(10);
  }
  send('usage', { inputTokens: 321, outputTokens: tokens.length });
  send('done', { finishReason: 'stop' });
  response.end();
}

const json = (response, status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const missing = (response) => json(response, 404, { status: 404, code: 'conversation_not_found', detail: 'There is no conversation with this id.' });

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  let text = '';
  for await (const chunk of request) text += chunk;
  const body = text ? JSON.parse(text) : {};
  const [, first, second, third] = url.pathname.split('/');
  if (first === 'healthz') return json(response, 200, { status: 'ok' });
  if (first === 'models') return json(response, 200, { models: [{ provider: 'mock', model: 'mock-1', name: 'Mock One', default: true, vision: true }, { provider: 'mock', model: 'mock-2', name: 'Mock Two' }], default: { provider: 'mock', model: 'mock-1' }, demo: true });
  if (first === 'completion') {
    if (/refuse/.test(text)) return json(response, 502, { status: 502, code: 'provider_auth', detail: 'The provider refused the key.' });
    return complete(response, body);
  }
  if (first === 'message') return json(response, 200, { results: (body.messages ?? [body.message]).map(append) });
  if (first === 'conversations') {
    const flag = (name) => url.searchParams.get(name) === 'true';
    const list = [...conversations.values()]
      .filter((item) => (flag('trashed') ? item.trashedAt : !item.trashedAt && item.archived === flag('archived')))
      .sort((a, b) => (b.lastMessageAt ?? b.createdAt).localeCompare(a.lastMessageAt ?? a.createdAt));
    const { items, next } = page(list, url);
    return json(response, 200, { conversations: items, next });
  }
  if (first === 'search') {
    const word = (url.searchParams.get('q') ?? '').toLowerCase();
    const hits = [...messages.values()].flat().flatMap((message) => {
      const content = message.content.map((part) => part.text ?? '').join(' ');
      const at = content.toLowerCase().indexOf(word);
      if (at < 0) return [];
      const snippet = [{ text: content.slice(Math.max(0, at - 30), at) }, { text: content.slice(at, at + word.length), match: true }, { text: content.slice(at + word.length, at + 60) }];
      return [{ kind: 'message', conversationId: message.conversationId, conversationTitle: conversations.get(message.conversationId).title, messageId: message.id, seq: message.seq, role: message.role, snippet, createdAt: message.createdAt }];
    });
    return json(response, 200, { hits: hits.slice(0, 20), next: null });
  }
  if (first === 'conversation') {
    if (second === 'create') return json(response, 201, conversations.get(body.id) ?? newConversation(body));
    const conversation = conversations.get(second);
    if (!conversation) return missing(response);
    if (third === 'messages') {
      const { items, next } = page(messages.get(second).toReversed(), url);
      return json(response, 200, { messages: items.toReversed(), next });
    }
    if (third === 'restore') conversation.trashedAt = null;
    if (request.method === 'PATCH') Object.assign(conversation, body);
    if (request.method === 'DELETE') conversation.trashedAt ??= now();
    return json(response, 200, conversation);
  }
  return json(response, 404, { status: 404, code: 'not_found', detail: 'No such path.' });
}).listen(port, '127.0.0.1', () => console.log(`mock server at http://127.0.0.1:${port}`));

const DAY = 86_400_000;
const titles = ['Plan the garden', 'Rust lifetimes explained', 'Letter to the landlord', 'Weekly meal plan', 'Trip to Lisbon', 'Why is the sky blue?', 'Refactoring the parser', 'Names for a cat', 'Notes on Seneca', 'Bread with less yeast', 'SQL: window functions', 'Birthday speech'];
titles.forEach((title, index) => {
  const time = new Date(Date.now() - index * index * 0.4 * DAY).toISOString();
  const conversation = newConversation({ title }, { createdAt: time, lastMessageAt: time, pinned: index === 4, archived: index === 9 });
  const question = crypto.randomUUID();
  append({ id: question, conversationId: conversation.id, parentId: null, role: 'user', content: [{ type: 'text', text: `Tell me about: ${title.toLowerCase()}` }], createdAt: time });
  append({ id: crypto.randomUUID(), conversationId: conversation.id, parentId: question, role: 'assistant', content: [{ type: 'text', text: ANSWER }], model: 'mock-1', createdAt: time });
});
const long = newConversation({ title: 'A very long conversation' });
let parentId = null;
for (let index = 0; index < 5000; index += 1) {
  const id = crypto.randomUUID();
  append({ id, conversationId: long.id, parentId, role: index % 2 ? 'assistant' : 'user', content: [{ type: 'text', text: index % 2 ? `Answer ${index}. ${'Some words that fill lines. '.repeat(index % 17)}` : `Question ${index}?` }], createdAt: new Date(Date.now() - 3 * DAY + index).toISOString() });
  parentId = id;
}
