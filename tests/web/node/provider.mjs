// A certified OpenID provider for the tests, on this machine only, until its input is closed.
//
// Reads one line of JSON: {"redirect_uris": [...]}. Writes one line of JSON: where it is, its
// clients with their secrets, and its accounts with their passwords, all made up at the start.
// Whoever started it ends it by closing its input, or by ending.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider, { interactionPolicy } from 'oidc-provider';

const random = () => randomBytes(24).toString('base64url');

const accounts = {
  'hanako.yamada': { password: random(), name: '山田 花子', email: 'hanako@example.org' },
  'jan.novak': { password: random(), name: 'Jan Novák', email: 'jan@example.org' },
};

function key(type, options, alg) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: random() };
}

function client(algorithm, redirectUris) {
  return {
    client_id: `keiryo-${algorithm}`,
    client_secret: `${random()}+%~/`, // with characters that must be encoded (RFC 6749 §2.3.1)
    redirect_uris: redirectUris,
    application_type: 'native', // the port of a loopback address may be any
    id_token_signed_response_alg: algorithm,
    token_endpoint_auth_method: algorithm === 'ES256' ? 'client_secret_post' : 'client_secret_basic',
  };
}

function configuration(clients) {
  const policy = interactionPolicy.base();
  policy.get('consent').checks.remove('native_client_prompt');
  return {
    clients,
    jwks: {
      keys: [
        key('rsa', { modulusLength: 2048 }, 'RS256'),
        key('rsa', { modulusLength: 2048 }, 'PS256'),
        key('ec', { namedCurve: 'P-256' }, 'ES256'),
        key('ed25519', {}, 'EdDSA'),
      ],
    },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
    pkce: { methods: ['S256'], required: () => true },
    cookies: { keys: [random()] },
    claims: {
      openid: ['sub', 'amr', 'auth_time'],
      profile: ['name'],
      email: ['email'],
      acr: null,
      iss: null,
      sid: null,
    },
    features: { devInteractions: { enabled: false } },
    interactions: { policy, url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
    async findAccount(ctx, id) {
      const account = Object.hasOwn(accounts, id) ? accounts[id] : undefined;
      return account && {
        accountId: id,
        claims: async () => ({ sub: id, name: account.name, email: account.email }),
      };
    },
    // The State runs the provider and keiryo both: nobody is asked whether keiryo may know them.
    async loadExistingGrant(ctx) {
      const { client, session, params, provider } = ctx.oidc;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(params.scope);
      await grant.save();
      return grant;
    },
  };
}

const form = (message) => `<!doctype html>
<html lang="en"><head><title>Sign in</title></head><body><main><h1>Sign in</h1>
<p role="alert">${message}</p>
<form method="post">
<p><label>Name <input name="name" autocomplete="username"></label></p>
<p><label>Password <input name="password" type="password"></label></p>
<p><button name="do" value="sign in">Sign in</button>
<button name="do" value="cancel">Cancel</button></p>
</form></main></body></html>`;

async function read(request) {
  let body = '';
  for await (const part of request) body += part;
  return new URLSearchParams(body);
}

async function interaction(provider, request, response) {
  const details = await provider.interactionDetails(request, response);
  let message = '';
  if (request.method === 'POST') {
    const said = await read(request);
    const name = said.get('name') ?? '';
    if (said.get('do') === 'cancel') {
      const result = { error: 'access_denied', error_description: 'cancelled at the provider' };
      return provider.interactionFinished(request, response, result);
    }
    if (Object.hasOwn(accounts, name) && accounts[name].password === said.get('password')) {
      const login = { accountId: name, amr: ['pwd'] };
      return provider.interactionFinished(request, response, { login });
    }
    message = 'This name and password do not belong together.';
  }
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(form(`${details.prompt.name === 'login' ? '' : details.prompt.name}${message}`));
  return undefined;
}

async function start({ redirect_uris: redirectUris }) {
  const clients = ['RS256', 'PS256', 'ES256', 'EdDSA'].map((alg) => client(alg, redirectUris));
  const server = createServer();
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  const { port } = server.address();
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, configuration(clients));
  const standard = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url.startsWith('/interaction/')) return standard(request, response);
    return interaction(provider, request, response).catch((error) => {
      response.statusCode = 400;
      response.end(`${error.name}`);
    });
  });
  const secrets = Object.fromEntries(clients.map((one) => [one.client_id, one.client_secret]));
  const passwords = Object.fromEntries(Object.entries(accounts).map(([n, a]) => [n, a.password]));
  process.stdout.write(`${JSON.stringify({ issuer, port, clients: secrets, accounts: passwords })}\n`);
}

console.info = console.error; // what the provider remarks about tests does not mix with the answer
console.warn = console.error;
const input = createInterface({ input: process.stdin });
input.once('line', (line) => { start(JSON.parse(line)); });
input.once('close', () => { process.exit(0); });
