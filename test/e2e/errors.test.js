import assert from 'node:assert/strict';

import { address, fails, onEveryDatabase, password, refuses } from './harness.js';

const json = (body, headers = {}) => ({
  method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body,
});

onEveryDatabase('errors', {}, (d, it) => {
  it('of a request body name the field and never repeat its value', async () => {
    const secret = 'hunter2-hunter2';
    for (const [named, body] of [
      ['extra', { email: address(), password: secret, extra: 1 }],
      ['displayName', { email: address(), password: secret, options: { displayName: null } }],
      ['password', { email: address(), password: [secret] }],
      ['email', { email: `${secret}-is-no-address`, password }],
      ['password', { email: address() }],
      ['password', { email: address(), password: `${secret}\u0000` }],
      ['metadata', { email: address(), password: secret, options: { metadata: { note: 'a\u0000b' } } }],
    ]) {
      const response = await d.fetch('/signup/email-password', json(JSON.stringify(body)));
      const answer = await response.clone().text();
      assert.equal(response.status, 400, answer);
      assert.ok(!answer.includes(secret), answer);
      assert.ok(answer.includes(named), `${named} is not named: ${answer}`);
      const { error } = JSON.parse(answer);
      await refuses(response, 400, error);
    }
  });

  it('of what is no JSON parse too', async () => {
    for (const body of ['', '{', 'null', '[]', '{"email":"a@example.com","password":"abcdef"} x']) {
      const response = await d.fetch('/signin/email-password', json(body));
      assert.equal(response.status, 400, body);
      assert.equal((await response.json()).status, 400);
    }
  });

  it('of unknown paths and wrong methods parse', async () => {
    const unknown = await d.fetch('/no/such/path');
    assert.equal(unknown.status, 404);
    assert.equal((await unknown.json()).status, 404);
    const wrong = await d.fetch('/token', { method: 'DELETE' });
    assert.equal(wrong.status, 405);
    assert.match(wrong.headers.get('allow'), /\bPOST\b/);
    assert.equal((await wrong.json()).status, 405);
  });

  it('of too large bodies and other content types parse', async () => {
    const large = await d.fetch('/token', json(JSON.stringify({ refreshToken: 'x'.repeat(1 << 20) })));
    assert.equal(large.status, 413);
    assert.equal((await large.json()).status, 413);
    const form = await d.fetch('/token', { method: 'POST', body: new URLSearchParams({ refreshToken: 'x' }) });
    assert.equal(form.status, 415);
    assert.equal((await form.json()).status, 415);
  });

  it('tell that a way to sign in is switched off', async () => {
    await fails(d.browser().auth.signInOTPEmail({ email: address() }), 409, 'disabled-endpoint');
  });

  it('are not made of a bad token where none is needed', async () => {
    const { email, session } = await d.signedUp();
    for (const authorization of ['Bearer garbage', 'Bearer a.b.c', 'Basic dXNlcjpwYXNz', `Bearer ${session.accessToken}x`]) {
      const { auth } = d.browser();
      const headers = { headers: { authorization } };
      assert.equal((await auth.signInEmailPassword({ email, password }, headers)).status, 200);
      assert.equal((await auth.signUpEmailPassword({ email: address(), password }, headers)).status, 200);
      const { body } = await auth.signInAnonymous({}, headers);
      const refreshed = await auth.refreshToken({ refreshToken: body.session.refreshToken }, headers);
      assert.equal(refreshed.status, 200);
      assert.equal((await auth.verifyToken({ token: session.accessToken }, headers)).status, 200);
      assert.equal((await auth.signOut({ refreshToken: refreshed.body.refreshToken }, headers)).status, 200);
      assert.equal((await auth.getVersion(headers)).status, 200);
      assert.equal((await auth.getJWKs(headers)).status, 200);
      assert.equal((await auth.healthCheckGet(headers)).status, 200);
    }
  });

  it('do not meet a browser that asks before it calls', async () => {
    const preflight = await d.fetch('/signin/email-password', {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://app.example.com');
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'authorization,content-type');
    assert.equal(preflight.headers.get('access-control-allow-credentials'), 'true');
    assert.match(preflight.headers.get('access-control-allow-methods'), /\bPOST\b/);
    const call = await d.fetch('/token', json('{}', { origin: 'https://app.example.com' }));
    assert.equal(call.headers.get('access-control-allow-origin'), 'https://app.example.com');
  });

  it('do not meet a monitor either', async () => {
    for (const instance of [0, 1]) {
      const health = await fetch(`${d.origin(instance)}/healthz`);
      assert.deepEqual([health.status, await health.json()], [200, { status: 'ok' }]);
      assert.equal((await d.browser({ instance }).auth.healthCheckGet()).body, 'OK');
      assert.equal((await d.browser({ instance }).auth.healthCheckHead()).status, 200);
    }
    assert.equal((await d.fetch('/readyz')).status, 200);
  });
});

onEveryDatabase('concealed errors', { AUTH_CONCEAL_ERRORS: 'true' }, (d, it) => {
  it('tell nothing about accounts', async () => {
    const { email } = await d.signedUp();
    const { auth } = d.browser();
    const answers = [
      await fails(auth.signInEmailPassword({ email, password: 'wrong' }), 400, 'invalid-request'),
      await fails(auth.signInEmailPassword({ email: address(), password }), 400, 'invalid-request'),
      await fails(auth.signUpEmailPassword({ email, password }), 400, 'invalid-request'),
    ];
    assert.deepEqual(answers[1], answers[0]);
    assert.deepEqual(answers[2], answers[0]);
  });

  it('still tell the client when a session is dead', async () => {
    const { session } = await d.signedUp();
    const { auth } = d.browser();
    await auth.signOut({ refreshToken: session.refreshToken });
    const answer = await refuses(d.fetch('/token', json(JSON.stringify({ refreshToken: session.refreshToken }))),
      401, 'invalid-refresh-token');
    assert.equal(answer.status, 401);
  });
});
