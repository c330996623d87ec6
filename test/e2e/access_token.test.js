import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';

import { onEveryDatabase } from './harness.js';

const namespace = 'https://hasura.io/jwt/claims';

/** Verifies with nothing but node's own crypto: no library's idea of a token is involved. */
function verifies(jwk, token, { digest, dsaEncoding }) {
  const [header, payload, signature] = token.split('.');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return verify(digest, Buffer.from(`${header}.${payload}`), { key, dsaEncoding }, Buffer.from(signature, 'base64url'));
}

const keysOf = async (d, instance) => (await d.browser({ instance }).auth.getJWKs()).body.keys;

onEveryDatabase('access tokens signed with a key of the database', {}, (d, it) => {
  it('have exactly the claims an application counts on', async () => {
    const { session } = await d.signedUp();
    const keys = createRemoteJWKSet(new URL(`${d.url()}/.well-known/jwks.json`));
    const { payload, protectedHeader } = await jwtVerify(session.accessToken, keys, {
      issuer: d.issuer, subject: session.user.id, algorithms: ['ES256'],
    });
    assert.deepEqual(Object.keys(protectedHeader).sort(), ['alg', 'kid', 'typ']);
    assert.equal(protectedHeader.typ, 'JWT');
    assert.ok(Math.abs(payload.iat - Date.now() / 1000) < 30);
    const roles = payload[namespace]['x-hasura-allowed-roles'];
    assert.deepEqual(roles.toSorted(), ['me', 'user']);
    assert.deepEqual(payload, {
      iss: d.issuer,
      sub: session.user.id,
      iat: payload.iat,
      exp: payload.iat + session.accessTokenExpiresIn,
      sid: session.refreshTokenId,
      [namespace]: {
        'x-hasura-allowed-roles': roles,
        'x-hasura-default-role': 'user',
        'x-hasura-user-id': session.user.id,
        'x-hasura-user-is-anonymous': 'false',
      },
    });
  });

  it('verify with the published key by any means, and not when altered', async () => {
    const { session } = await d.signedUp();
    const token = session.accessToken;
    const { kid } = decodeProtectedHeader(token);
    const jwk = (await keysOf(d, 1)).find((key) => key.kid === kid);
    assert.deepEqual({ alg: jwk.alg, use: jwk.use, kty: jwk.kty, crv: jwk.crv },
      { alg: 'ES256', use: 'sig', kty: 'EC', crv: 'P-256' });
    assert.equal('d' in jwk, false);
    const how = { digest: 'sha256', dsaEncoding: 'ieee-p1363' };
    assert.equal(verifies(jwk, token, how), true);
    const [header, payload, signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url'));
    claims[namespace]['x-hasura-default-role'] = 'admin';
    const forged = Buffer.from(JSON.stringify(claims)).toString('base64url');
    assert.equal(verifies(jwk, `${header}.${forged}.${signature}`, how), false);
  });

  it('come with one set of keys on all instances', async () => {
    const first = await keysOf(d, 0);
    assert.equal(first.length, 1);
    assert.deepEqual(await keysOf(d, 1), first);
  });
});

const secret = randomBytes(32).toString('hex');

onEveryDatabase('access tokens signed with a shared secret', {
  HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({ type: 'HS256', key: secret, issuer: 'an-issuer' }),
}, (d, it) => {
  it('verify with it, and no key is published', async () => {
    const { client, session } = await d.signedUp();
    const { payload, protectedHeader } = await jwtVerify(session.accessToken, Buffer.from(secret), { issuer: 'an-issuer' });
    assert.equal(payload.sub, session.user.id);
    assert.deepEqual(protectedHeader, { alg: 'HS256', typ: 'JWT' });
    assert.deepEqual(await keysOf(d, 0), []);
    assert.equal((await client.auth.getUser()).body.id, session.user.id);
  });
});

const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

onEveryDatabase('access tokens signed with a configured RSA key', {
  HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({ type: 'RS256', key: rsa.publicKey, signing_key: rsa.privateKey, kid: 'k1' }),
}, (d, it) => {
  it('verify with the published key by any means', async () => {
    const { session } = await d.signedUp();
    assert.deepEqual(decodeProtectedHeader(session.accessToken), { alg: 'RS256', kid: 'k1', typ: 'JWT' });
    const [jwk] = await keysOf(d, 0);
    assert.deepEqual(jwk, { ...createPublicKey(rsa.publicKey).export({ format: 'jwk' }), alg: 'RS256', kid: 'k1', use: 'sig' });
    assert.equal(verifies(jwk, session.accessToken, { digest: 'sha256' }), true);
    const keys = createRemoteJWKSet(new URL(`${d.url(1)}/.well-known/jwks.json`));
    await jwtVerify(session.accessToken, keys, { issuer: d.issuer });
  });
});
