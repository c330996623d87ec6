import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { ended, fails, lives, onEveryDatabase, refuses, uuid } from './harness.js';

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

/** A request with the bearer's access token, for what the client has no method for. */
const as = (client, init = {}) => ({ ...init, headers: { Authorization: `Bearer ${client.getUserSession().accessToken}` } });

onEveryDatabase('personal access tokens', {}, (d, it) => {
  it('sign a program in as often as it likes, on any instance', async () => {
    const { client, session } = await d.signedUp();
    const { body } = await client.auth.createPAT({ expiresAt: inAnHour(), metadata: { name: 'nightly backup' } });
    assert.match(body.id, uuid);
    for (const instance of [0, 1]) {
      const program = d.browser({ instance });
      const { body: signedIn } = await program.auth.signInPAT({ personalAccessToken: body.personalAccessToken });
      assert.equal(signedIn.session.user.id, session.user.id);
      assert.notEqual(signedIn.session.refreshToken, body.personalAccessToken);
      await lives(program);
    }
  });

  it('are none of the other tokens', async () => {
    const { client, session } = await d.signedUp();
    const { body } = await client.auth.createPAT({ expiresAt: inAnHour() });
    await fails(d.browser().auth.refreshToken({ refreshToken: body.personalAccessToken }), 401, 'invalid-refresh-token');
    await fails(d.browser().auth.signInPAT({ personalAccessToken: session.refreshToken }), 401, 'invalid-pat');
    await fails(d.browser().auth.signInPAT({ personalAccessToken: randomUUID() }), 401, 'invalid-pat');
  });

  it('end in the future and can be listed and revoked', async () => {
    const { client } = await d.signedUp();
    await fails(client.auth.createPAT({ expiresAt: new Date(Date.now() - 1000).toISOString() }), 400, 'invalid-request');
    const { body } = await client.auth.createPAT({ expiresAt: inAnHour(), metadata: { name: 'to be revoked' } });
    const list = await (await d.fetch('/pat', as(client))).json();
    assert.deepEqual(Object.values(list)[0].map((token) => [token.id, token.metadata]), [[body.id, { name: 'to be revoked' }]]);
    assert.ok(!JSON.stringify(list).includes(body.personalAccessToken));

    const other = await d.signedUp();
    await refuses(d.fetch(`/pat/${body.id}`, as(other.client, { method: 'DELETE' })), 404, 'not-found');
    assert.equal((await d.fetch(`/pat/${body.id}`, as(client, { method: 'DELETE' }))).status, 200);
    await fails(d.browser().auth.signInPAT({ personalAccessToken: body.personalAccessToken }), 401, 'invalid-pat');
  });

  it('outlive a sign-out everywhere', async () => {
    const { client, session } = await d.signedUp();
    const { body } = await client.auth.createPAT({ expiresAt: inAnHour() });
    await client.auth.signOut({ refreshToken: session.refreshToken, all: true });
    const program = d.browser({ instance: 1 });
    await program.auth.signInPAT({ personalAccessToken: body.personalAccessToken });
    await lives(program);
  });
});

onEveryDatabase('the list of sessions', {}, (d, it) => {
  it('shows every device, and ends one or all others', async () => {
    const { client, email } = await d.signedUp();
    const [phone, tablet] = [d.browser({ instance: 1 }), d.browser()];
    for (const device of [phone, tablet]) await device.auth.signInEmailPassword({ email, password: 'correct horse battery' });
    const list = async () => (await (await d.fetch('/user/sessions', as(client))).json()).sessions;
    const ids = (open) => open.map((session) => session.id).sort();
    const all = [client, phone, tablet].map((c) => c.getUserSession().refreshTokenId).sort();
    assert.deepEqual(ids(await list()), all);
    assert.deepEqual((await list()).filter((session) => session.current).map((session) => session.id), [client.getUserSession().refreshTokenId]);

    assert.equal((await d.fetch(`/user/sessions/${phone.getUserSession().refreshTokenId}`, as(client, { method: 'DELETE' }))).status, 200);
    await ended(phone);
    await lives(tablet);
    assert.equal((await d.fetch('/user/sessions', as(client, { method: 'DELETE' }))).status, 200);
    await ended(tablet);
    await lives(client);
  });
});
