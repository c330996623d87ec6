import assert from 'node:assert/strict';

import { MemoryStorage } from '@nhost/nhost-js/session';

import { address, fails, lives, onEveryDatabase, password, quiet, sleep, uuid } from './harness.js';

onEveryDatabase('sessions', {}, (d, it) => {
  it('begin with address and password, on any instance', async () => {
    const { email, session } = await d.signedUp();
    for (const instance of [0, 1]) {
      const client = d.browser({ instance });
      const { body } = await client.auth.signInEmailPassword({ email: email.toUpperCase(), password });
      assert.deepEqual(Object.keys(body), ['session']);
      assert.deepEqual(body.session.user, session.user);
      assert.notEqual(body.session.refreshTokenId, session.refreshTokenId);
      assert.equal(client.getUserSession().accessToken, body.session.accessToken);
    }
  });

  it('do not begin with a wrong password, and an unknown address answers the same', async () => {
    const { email } = await d.signedUp();
    const client = d.browser();
    const wrong = await fails(client.auth.signInEmailPassword({ email, password: 'wrong' }), 401, 'invalid-email-password');
    const unknown = await fails(client.auth.signInEmailPassword({ email: address(), password }), 401, 'invalid-email-password');
    assert.deepEqual(wrong, unknown);
    assert.equal(client.getUserSession(), null);
  });

  it('can be anonymous', async () => {
    const client = d.browser();
    const { body } = await client.auth.signInAnonymous({ displayName: 'Guest', metadata: { cart: 1 } });
    assert.deepEqual(Object.keys(body), ['session']);
    const { user } = body.session;
    assert.match(user.id, uuid);
    assert.deepEqual(user, {
      id: user.id,
      createdAt: user.createdAt,
      emailVerified: false,
      phoneNumberVerified: false,
      isAnonymous: true,
      displayName: 'Guest',
      avatarUrl: '',
      locale: 'en',
      defaultRole: 'anonymous',
      roles: ['anonymous'],
      metadata: { cart: 1 },
      activeMfaType: null,
    });
    const claims = client.getUserSession().decodedToken['https://hasura.io/jwt/claims'];
    assert.equal(claims['x-hasura-user-is-anonymous'], 'true');
    const refreshed = await client.auth.refreshToken({ refreshToken: body.session.refreshToken });
    assert.equal(refreshed.body.user.isAnonymous, true);
  });

  it('can be anonymous without a body', async () => {
    const { body } = await d.browser().auth.signInAnonymous();
    assert.equal(body.session.user.displayName, 'Anonymous User');
  });

  it('tell whose they are on every instance', async () => {
    const storage = new MemoryStorage();
    const { session } = await d.signedUp({ storage });
    for (const instance of [0, 1]) {
      const { status, body } = await d.browser({ instance, storage }).auth.getUser();
      assert.equal(status, 200);
      assert.deepEqual(body, session.user);
    }
  });

  it('need a token to tell whose they are', async () => {
    const { session } = await d.signedUp();
    const getUser = (authorization) => d.browser().auth.getUser(authorization && { headers: { authorization } });
    await fails(getUser(), 401, 'unauthorized');
    for (const authorization of ['Bearer', 'Bearer ', 'Bearer x', session.accessToken, `Basic ${session.accessToken}`,
      `Bearer ${session.accessToken}x`, `Bearer ${session.accessToken} x`, `Bearer ${session.refreshToken}`]) {
      await fails(getUser(authorization), 401, 'unauthorized');
    }
  });

  it('verify tokens from the body and from the header', async () => {
    const { client, session } = await d.signedUp();
    const stranger = d.browser({ instance: 1 });
    assert.equal((await client.auth.verifyToken()).body, 'OK');
    assert.equal((await stranger.auth.verifyToken({ token: session.accessToken })).body, 'OK');
    assert.equal((await stranger.auth.verifyToken({ token: `Bearer ${session.accessToken}` })).body, 'OK');
    await fails(stranger.auth.verifyToken({ token: `${session.accessToken}x` }), 400, 'invalid-request');
    await fails(client.auth.verifyToken({ token: 'x' }), 400, 'invalid-request');
    await fails(stranger.auth.verifyToken(), 400, 'invalid-request');
  });

  it('end with sign-out, and no other session with them', async () => {
    const { client, email, session } = await d.signedUp();
    const other = d.browser({ instance: 1 });
    await other.auth.signInEmailPassword({ email, password });
    const { status, body } = await client.auth.signOut({ refreshToken: session.refreshToken });
    assert.deepEqual([status, body], [200, 'OK']);
    assert.equal(client.getUserSession(), null);
    for (const instance of [0, 1]) {
      await fails(d.browser({ instance }).auth.refreshToken({ refreshToken: session.refreshToken }), 401, 'invalid-refresh-token');
    }
    await lives(other);
  });

  it('all end with a sign-out that says so', async () => {
    const { client, email, session } = await d.signedUp();
    const tokens = [session.refreshToken];
    for (const instance of [0, 1]) {
      const { body } = await d.browser({ instance }).auth.signInEmailPassword({ email, password });
      tokens.push(body.session.refreshToken);
    }
    const stranger = await d.signedUp();
    await fails(d.browser().auth.signOut({ all: true }), 400, 'invalid-request');
    assert.equal((await client.auth.signOut({ all: true })).body, 'OK');
    for (const refreshToken of tokens) {
      await fails(d.browser().auth.refreshToken({ refreshToken }), 401, 'invalid-refresh-token');
    }
    assert.equal((await d.browser().auth.refreshToken({ refreshToken: stranger.session.refreshToken })).status, 200);
  });

  it('can be kept by a server-side client', async () => {
    const { email, session } = await d.signedUp();
    const client = d.serverSide({ instance: 1 });
    await client.auth.signInEmailPassword({ email, password });
    assert.deepEqual((await client.auth.getUser()).body, session.user);
    const before = client.getUserSession();
    const after = await client.refreshSession(0);
    assert.equal(after.refreshTokenId, before.refreshTokenId);
    assert.notEqual(after.refreshToken, before.refreshToken);
    await client.auth.signOut({ refreshToken: after.refreshToken });
    assert.equal(client.getUserSession(), null);
  });
});

// A token's times are whole seconds, so it is good for a second less at worst.
onEveryDatabase('sessions with access tokens of three seconds', { AUTH_ACCESS_TOKEN_EXPIRES_IN: '3' }, (d, it) => {
  it('are refreshed by the client before its next call', async () => {
    const { client, session } = await d.signedUp();
    assert.equal(session.accessTokenExpiresIn, 3);
    await sleep(3100);
    await fails(d.browser().auth.getUser({ headers: { authorization: `Bearer ${session.accessToken}` } }), 401, 'unauthorized');
    assert.deepEqual((await client.auth.getUser()).body, session.user);
    const stored = client.getUserSession();
    assert.notEqual(stored.refreshToken, session.refreshToken);
    assert.equal(stored.refreshTokenId, session.refreshTokenId);
  });

  it('are dropped by the client once their refresh token is dead', async (t) => {
    const { client, session } = await d.signedUp();
    await d.browser().auth.signOut({ refreshToken: session.refreshToken });
    await sleep(3100);
    quiet(t);
    const seen = [];
    client.sessionStorage.onChange((value) => seen.push(value));
    assert.equal(await client.refreshSession(), null);
    assert.equal(client.getUserSession(), null);
    assert.deepEqual(seen, [null]);
    await fails(client.auth.getUser(), 401, 'unauthorized');
  });

  it('do not stand in the way of a new one when they are dead', async (t) => {
    const storage = new MemoryStorage();
    const { email, session } = await d.signedUp({ storage });
    await d.browser().auth.signOut({ refreshToken: session.refreshToken });
    await sleep(3100);
    quiet(t);
    const client = d.serverSide({ storage }); // attaches the expired token, and does not refresh it
    assert.equal(client.getUserSession().accessToken, session.accessToken);
    const { body } = await client.auth.signInEmailPassword({ email, password });
    assert.equal(body.session.user.id, session.user.id);
    assert.equal(client.getUserSession().refreshTokenId, body.session.refreshTokenId);
  });
});

onEveryDatabase('sessions of users without a verified address', {
  AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED: 'true',
}, (d, it) => {
  it('do not begin before it is verified', async () => {
    const client = d.browser();
    const email = address();
    const { status, body } = await client.auth.signUpEmailPassword({ email, password });
    assert.deepEqual([status, body], [200, {}]);
    assert.equal(client.getUserSession(), null);
    await fails(client.auth.signInEmailPassword({ email, password }), 401, 'unverified-user');
    await fails(client.auth.signInEmailPassword({ email, password: 'wrong' }), 401, 'invalid-email-password');
  });

  it('need no address at all when they are anonymous', async () => {
    const client = d.browser();
    const { body } = await client.auth.signInAnonymous();
    const refreshed = await client.auth.refreshToken({ refreshToken: body.session.refreshToken });
    assert.equal(refreshed.body.refreshTokenId, body.session.refreshTokenId);
  });
});
