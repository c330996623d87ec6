import assert from 'node:assert/strict';

import { MemoryStorage } from '@nhost/nhost-js/session';

import { fails, onEveryDatabase, sleep, uuid } from './harness.js';

/** Presents a token to many clients at once, the instances taking turns. */
const parallel = (d, refreshToken, count) =>
  Promise.all(Array.from({ length: count }, async (_, i) => {
    const { body } = await d.browser({ instance: i }).auth.refreshToken({ refreshToken });
    return body;
  }));

onEveryDatabase('refresh', {}, (d, it) => {
  it('gives a new pair of tokens of the same session', async () => {
    const { client, session } = await d.signedUp();
    const { status, body } = await client.auth.refreshToken({ refreshToken: session.refreshToken });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).sort(),
      ['accessToken', 'accessTokenExpiresIn', 'refreshToken', 'refreshTokenId', 'user']);
    assert.match(body.refreshToken, uuid);
    assert.notEqual(body.refreshToken, session.refreshToken);
    assert.equal(body.refreshTokenId, session.refreshTokenId);
    assert.deepEqual(body.user, session.user);
    assert.equal(client.getUserSession().refreshToken, body.refreshToken);
    assert.equal((await client.auth.getUser()).status, 200);
  });

  it('goes on from instance to instance', async () => {
    const { session } = await d.signedUp();
    const seen = new Set([session.refreshToken]);
    let { refreshToken } = session;
    for (let i = 0; i < 8; i++) {
      ({ body: { refreshToken } } = await d.browser({ instance: i }).auth.refreshToken({ refreshToken }));
      seen.add(refreshToken);
    }
    assert.equal(seen.size, 9);
  });

  it('gives two tabs the same successor', async () => {
    const { session } = await d.signedUp();
    const tabs = [0, 1].map((instance) => {
      const storage = new MemoryStorage();
      const tab = d.browser({ instance, storage });
      tab.sessionStorage.set(session);
      return tab;
    });
    const [first, second] = await Promise.all(tabs.map((tab) => tab.refreshSession(0)));
    assert.notEqual(first.refreshToken, session.refreshToken);
    assert.equal(first.refreshToken, second.refreshToken);
    const next = await Promise.all(tabs.map((tab) => tab.refreshSession(0)));
    assert.notEqual(next[0].refreshToken, first.refreshToken);
    assert.equal(next[0].refreshToken, next[1].refreshToken);
  });

  it('gives forty parallel calls the same successor and forks no session', async () => {
    const { session } = await d.signedUp();
    const answers = await parallel(d, session.refreshToken, 40);
    assert.equal(new Set(answers.map(({ refreshToken }) => refreshToken)).size, 1);
    assert.deepEqual(new Set(answers.map(({ refreshTokenId }) => refreshTokenId)), new Set([session.refreshTokenId]));
    const again = await parallel(d, answers[0].refreshToken, 2);
    assert.equal(again[0].refreshToken, again[1].refreshToken);
  });

  it('gives the same successor again when the answer was lost', async () => {
    const { session } = await d.signedUp();
    const [lost] = await parallel(d, session.refreshToken, 1);
    await sleep(300);
    const { body } = await d.browser({ instance: 1 }).auth.refreshToken({ refreshToken: session.refreshToken });
    assert.equal(body.refreshToken, lost.refreshToken);
  });

  it('refuses a token it never gave', async () => {
    await fails(d.browser().auth.refreshToken({ refreshToken: '3f7b1c1e-58a8-4b6b-9d0a-0a6d5f3f2c11' }), 401, 'invalid-refresh-token');
  });
});

onEveryDatabase('reuse of a refresh token after its grace', { AUTH_REFRESH_TOKEN_GRACE: '500ms' }, (d, it) => {
  it('ends the session, the successor included', async () => {
    const { session } = await d.signedUp();
    const [successor] = await parallel(d, session.refreshToken, 1);
    await sleep(800);
    await fails(d.browser().auth.refreshToken({ refreshToken: session.refreshToken }), 401, 'invalid-refresh-token');
    for (const instance of [0, 1]) {
      await fails(d.browser({ instance }).auth.refreshToken({ refreshToken: successor.refreshToken }), 401, 'invalid-refresh-token');
    }
  });

  it('is noticed for tokens of every earlier generation', async () => {
    const { session } = await d.signedUp();
    let [last] = await parallel(d, session.refreshToken, 1);
    for (let i = 0; i < 3; i++) [last] = await parallel(d, last.refreshToken, 1);
    await sleep(800);
    await fails(d.browser().auth.refreshToken({ refreshToken: session.refreshToken }), 401, 'invalid-refresh-token');
    await fails(d.browser().auth.refreshToken({ refreshToken: last.refreshToken }), 401, 'invalid-refresh-token');
  });

  it('does not touch a session that is used as it should be', async () => {
    const { client, session } = await d.signedUp();
    for (let i = 0; i < 3; i++) {
      await client.refreshSession(0);
      await sleep(600);
    }
    assert.equal((await client.refreshSession(0)).refreshTokenId, session.refreshTokenId);
  });
});

onEveryDatabase('sessions that end without use', {
  AUTH_REFRESH_TOKEN_EXPIRES_IN: '8',
  AUTH_REFRESH_TOKEN_GRACE: '1s',
}, (d, it) => {
  it('live on with every refresh, and end without', async () => {
    const { session } = await d.signedUp();
    await sleep(4500);
    const [kept] = await parallel(d, session.refreshToken, 1);
    await sleep(4500);
    const [later] = await parallel(d, kept.refreshToken, 1);
    await sleep(8500);
    await fails(d.browser().auth.refreshToken({ refreshToken: later.refreshToken }), 401, 'invalid-refresh-token');
  });
});
