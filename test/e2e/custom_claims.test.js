import assert from 'node:assert/strict';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after } from 'node:test';

import { onEveryDatabase } from './harness.js';

const namespace = 'https://hasura.io/jwt/claims';
const key = randomBytes(32);

/** What the app says about its users; it is asked by hexauth and refuses whoever else asks. */
let claims = {};
let asked = [];
let away = false;

const app = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': given = '' } = request.headers;
  const wanted = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}`);
  const genuine = wanted.length === given.length && timingSafeEqual(wanted, Buffer.from(given));
  if (away || !genuine || Math.abs(Date.now() / 1000 - at) > 300) {
    response.writeHead(away ? 503 : 401).end();
    return;
  }
  asked.push(JSON.parse(body).userId);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(claims));
}).listen(0, '127.0.0.1');
await once(app, 'listening');
after(() => {
  app.closeAllConnections();
  app.close();
});

const env = {
  AUTH_JWT_CUSTOM_CLAIMS_HOOK_URL: `http://127.0.0.1:${app.address().port}/claims`,
  AUTH_JWT_CUSTOM_CLAIMS_HOOK_SECRET: `whsec_${key.toString('base64')}`,
  AUTH_JWT_CUSTOM_CLAIMS_DEFAULTS: '{"plan":"free"}',
};

/** The claims of the session as the client decodes them, without those of the server. */
function decoded(nhost) {
  const { 'x-hasura-user-id': id, 'x-hasura-default-role': role, 'x-hasura-allowed-roles': roles, 'x-hasura-user-is-anonymous': anonymous, ...own } =
    nhost.getUserSession().decodedToken[namespace];
  assert.ok(id && role && roles && anonymous);
  return own;
}

onEveryDatabase('custom claims from a hook', env, (d, it) => {
  it('are in the session that the client decodes, fresh at every refresh, and cannot replace the server\'s', async () => {
    claims = { plan: 'gold', 'Team-Ids': ['a1', 'b2'], seats: 7, 'user-id': 'somebody else', 'x-hasura-allowed-roles': ['admin'] };
    asked = [];
    const { client: nhost, session } = await d.signedUp();
    assert.deepEqual(decoded(nhost), { 'x-hasura-plan': 'gold', 'x-hasura-team-ids': ['a1', 'b2'], 'x-hasura-seats': '7' });
    claims = { plan: null };
    await nhost.refreshSession(0);
    assert.deepEqual(decoded(nhost), { 'x-hasura-plan': 'free' });
    assert.deepEqual(asked, [session.user.id, session.user.id]);
  });

  it('are left out while the app is away, and nobody is kept out', async () => {
    away = true;
    try {
      const { client: nhost } = await d.signedUp();
      assert.deepEqual(decoded(nhost), {});
      assert.ok(await nhost.refreshSession(0));
    } finally {
      away = false;
    }
  });
});
