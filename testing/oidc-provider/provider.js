// A certified OpenID provider for the tests. It signs in, without asking, whoever the test says.
//
// Arguments: one JSON object {issuer, clientId, clientSecret, audience?}. The issuer is the address of whatever stands in front of it.
// Writes one line {"port": n} when it listens, and ends when its standard input does, so that it outlives no test.
//
// PUT  /test/person   {sub, …claims}, or {error} for somebody who says no
// POST /test/rotate   new keys; the old ones are gone

import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

// Standard output has one line, and nobody reads further.
console.info = () => {};
console.warn = () => {};

const options = JSON.parse(process.argv[2]);
const cookieKeys = [randomBytes(32).toString('hex')];
const claimNames = ['name', 'given_name', 'family_name', 'preferred_username', 'roles', 'realm_access'];
const scopes = 'openid profile email';

let person = { sub: 'ada', email: 'ada@example.org', email_verified: true, name: 'Ada Lovelace' };
const people = new Map([[person.sub, person]]);

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

function makeProvider() {
  const provider = new Provider(options.issuer, {
    clients: [
      {
        client_id: options.clientId,
        client_secret: options.clientSecret,
        redirect_uris: ['http://127.0.0.1/oauth/openid/callback'],
        post_logout_redirect_uris: ['http://127.0.0.1/'],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], profile: claimNames, email: ['email', 'email_verified'] },
    conformIdTokenClaims: options.claimsInUserinfo === true,
    cookies: { keys: cookieKeys },
    jwks: { keys: [newKey()] },
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true },
      ...(options.audience && {
        resourceIndicators: {
          enabled: true,
          defaultResource: () => options.audience,
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({
            scope: scopes,
            audience: options.audience,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          }),
        },
      }),
    },
    extraTokenClaims: (_context, token) => {
      const { sub, ...claims } = people.get(token.accountId) ?? {};
      return claims;
    },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => people.get(sub) }),
    loadExistingGrant: async (context) => {
      const { client, session, provider: issuing } = context.oidc;
      const known = session.grantIdFor(client.clientId);
      if (known) return issuing.Grant.find(known);
      const grant = new issuing.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(scopes);
      if (options.audience) grant.addResourceScope(options.audience, scopes);
      await grant.save();
      return grant;
    },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    renderError: (context, out) => {
      context.type = 'json';
      context.body = out;
    },
  });
  // The tests' servers take free ports.
  provider.Client.prototype.redirectUriAllowed = (uri) => /^http:\/\/127\.0\.0\.1:\d+\/oauth\/openid\/callback$/.test(uri);
  provider.Client.prototype.postLogoutRedirectUriAllowed = (uri) => /^http:\/\/127\.0\.0\.1:\d+\/$/.test(uri);
  return { provider, handle: provider.callback() };
}

let current = makeProvider();

async function body(request) {
  let text = '';
  for await (const piece of request) text += piece;
  return JSON.parse(text);
}

async function answer(request, response) {
  if (request.method === 'PUT' && request.url === '/test/person') {
    person = await body(request);
    if (person.sub) people.set(person.sub, person);
    response.end();
  } else if (request.method === 'POST' && request.url === '/test/rotate') {
    current = makeProvider();
    response.end();
  } else if (request.url.startsWith('/interaction/')) {
    const result = person.error ? { error: person.error } : { login: { accountId: person.sub } };
    await current.provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  } else {
    current.handle(request, response);
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.statusCode = 500;
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
process.stdin.on('end', () => process.exit(0)).resume();
