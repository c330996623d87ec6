import assert from 'node:assert/strict';
import { it as alone } from 'node:test';

import { Authenticator, totp } from './authenticator.js';
import { address, ended, fails, lives, onEveryDatabase, password, refuses } from './harness.js';

alone('the tests\' authenticator app computes the codes of RFC 6238, appendix B', () => {
  const key = Buffer.from('12345678901234567890');
  for (const [seconds, code] of [[59, '94287082'], [1111111109, '07081804'], [1111111111, '14050471'], [1234567890, '89005924'],
    [2000000000, '69279037'], [20000000000, '65353130']]) {
    assert.equal(totp(key, seconds, 8), code);
  }
});

const post = (d, instance, path, body, token) => fetch(d.url(instance) + path, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
  body: JSON.stringify(body),
});

/** A user who has switched TOTP on, and the app that gives the codes. */
async function enrolled(d) {
  const { client, email, session } = await d.signedUp();
  const { body } = await client.auth.changeUserMfa();
  assert.match(body.imageUrl, /^data:image\/png;base64,iVBORw0KGgo/);
  const app = new Authenticator(body.totpSecret);
  assert.equal((await client.auth.verifyChangeUserMfa({ code: await app.code(), activeMfaType: 'totp' })).body, 'OK');
  return { client, email, session, app };
}

/** The first step of a sign-in, on an instance. */
async function ticketFor(d, email, instance = 0) {
  const { body } = await d.browser({ instance }).auth.signInEmailPassword({ email, password });
  assert.deepEqual(Object.keys(body), ['mfa']);
  assert.match(body.mfa.ticket, /^mfaTotp:[0-9a-f-]{36}$/);
  return body.mfa.ticket;
}

onEveryDatabase('TOTP', { AUTH_MFA_ENABLED: 'true', AUTH_REQUIRE_ELEVATED_CLAIM: 'recommended', AUTH_REQUIRE_ELEVATED_CLAIM_MFA: 'true' }, (d, it) => {
  it('is switched on, asked for at sign-in, and switched off', async () => {
    const { client, email, session, app } = await enrolled(d);
    assert.equal((await client.auth.getUser()).body.activeMfaType, 'totp');
    const ticket = await ticketFor(d, email);
    const other = d.browser({ instance: 1 });
    await fails(other.auth.verifySignInMfaTotp({ ticket, otp: app.wrong() }), 401, 'invalid-totp');
    const code = await app.code();
    const { body } = await other.auth.verifySignInMfaTotp({ ticket, otp: code });
    assert.deepEqual([body.session.user.id, body.session.user.activeMfaType], [session.user.id, 'totp']);
    await lives(other);
    await fails(d.browser().auth.verifySignInMfaTotp({ ticket: await ticketFor(d, email, 1), otp: code }), 401, 'invalid-totp');

    const next = await app.code(); // good until it has been good for something
    await fails(other.auth.verifySignInMfaTotp({ ticket, otp: next }), 401, 'invalid-ticket');
    await refuses(post(d, 1, '/user/mfa', { code: next }, session.accessToken), 401, 'elevated-claim-required');
    const elevated = (await (await post(d, 0, '/elevate/totp', { code: next }, session.accessToken)).json()).session;
    client.sessionStorage.set(elevated);
    assert.equal((await client.auth.verifyChangeUserMfa({ code: await app.code() })).body, 'OK');
    assert.ok((await d.browser().auth.signInEmailPassword({ email, password })).body.session);
  });

  it('elevates for as long as one access token', async () => {
    const { client, email, session, app } = await enrolled(d);
    const change = () => client.auth.changeUserEmail({ newEmail: address() });
    const { status, body: refusal } = await change().then(() => assert.fail('changed'), (error) => error);
    assert.deepEqual([status, refusal.error], [401, 'elevated-claim-required']);
    await refuses(post(d, 1, '/elevate/totp', { code: app.wrong() }, session.accessToken), 401, 'invalid-totp');
    const { session: elevated } = await (await post(d, 1, '/elevate/totp', { code: await app.code() }, session.accessToken)).json();
    assert.notEqual(elevated.refreshTokenId, session.refreshTokenId);
    client.sessionStorage.set(elevated);
    const { 'https://hasura.io/jwt/claims': claims } = JSON.parse(Buffer.from(elevated.accessToken.split('.')[1], 'base64url'));
    assert.equal(claims['x-hasura-auth-elevated'], session.user.id);
    assert.equal((await change()).body, 'OK');
    await client.refreshSession(0);
    await fails(change(), 401, 'elevated-claim-required');
    assert.equal((await client.auth.getUser()).body.email, email);
  });

  it('has recovery codes for a lost phone', async () => {
    const { email, session, app } = await enrolled(d);
    await refuses(post(d, 0, '/user/mfa/recovery-codes', {}, session.accessToken), 401, 'elevated-claim-required');
    const answer = await post(d, 0, '/user/mfa/recovery-codes', { code: await app.code() }, session.accessToken);
    const { recoveryCodes } = await answer.json();
    assert.equal(new Set(recoveryCodes).size, 10);
    for (const code of recoveryCodes) assert.match(code, /^[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}$/);
    const client = d.browser({ instance: 1 });
    const { body } = await client.auth.verifySignInMfaTotp({ ticket: await ticketFor(d, email), otp: recoveryCodes[0].toLowerCase() });
    assert.equal(body.session.user.id, session.user.id);
    await fails(d.browser().auth.verifySignInMfaTotp({ ticket: await ticketFor(d, email), otp: recoveryCodes[0] }), 401, 'invalid-totp');
    const elevation = await post(d, 0, '/elevate/totp', { code: recoveryCodes[1] }, body.session.accessToken);
    client.sessionStorage.set((await elevation.json()).session);
    await client.auth.verifyChangeUserMfa({ code: recoveryCodes[2], activeMfaType: '' });
    assert.equal((await client.auth.getUser()).body.activeMfaType, null);
  });

  it('lets fifty guesses at once try five codes, and a new password check gives no more', async () => {
    const { email, app } = await enrolled(d);
    const tickets = await Promise.all(Array.from({ length: 10 }, (_, i) => ticketFor(d, email, i)));
    const answers = await Promise.all(Array.from({ length: 50 }, async (_, i) => {
      const response = await post(d, i, '/signin/mfa/totp', { ticket: tickets[i % 10], otp: app.wrong() });
      return (await response.json()).error;
    }));
    assert.equal(answers.filter((code) => code === 'invalid-totp').length, 5, answers);
    const right = { ticket: await ticketFor(d, email), otp: await app.code() };
    await refuses(post(d, 1, '/signin/mfa/totp', right), 429, 'too-many-requests');
  });

  it('opens one session for fifty uses of one code', async () => {
    const { email, app } = await enrolled(d);
    const ticket = await ticketFor(d, email);
    const otp = await app.code();
    const statuses = await Promise.all(Array.from({ length: 50 }, async (_, i) => (await post(d, i, '/signin/mfa/totp', { ticket, otp })).status));
    assert.equal(statuses.filter((status) => status === 200).length, 1, statuses);
  });

  it('is not for a client that forges or reuses what belongs elsewhere', async () => {
    const { email, app } = await enrolled(d);
    const ticket = await ticketFor(d, email);
    await refuses(post(d, 0, '/signin/otp/email/verify', { email, otp: ticket }), 401, 'invalid-ticket');
    const verify = await fetch(`${d.url()}/verify?ticket=${ticket}&redirectTo=https://app.example.com`, { redirect: 'manual' });
    assert.equal(new URL(verify.headers.get('location')).searchParams.get('error'), 'invalid-ticket');
    await refuses(post(d, 0, '/user/password', { ticket, newPassword: 'another horse' }), 400, 'schema-validation-error');
    assert.equal((await post(d, 1, '/signin/mfa/totp', { ticket, otp: await app.code() })).status, 200);
  });
});

onEveryDatabase('TOTP after every first factor', {
  AUTH_MFA_ENABLED: 'true', AUTH_MFA_ALL_METHODS: 'true', AUTH_EMAIL_PASSWORDLESS_ENABLED: 'true', AUTH_OTP_EMAIL_ENABLED: 'true',
}, (d, it) => {
  it('is asked for after a link, which works once more within its grace', async () => {
    const { email, app } = await enrolled(d);
    await d.browser().auth.signInPasswordlessEmail({ email });
    const { link } = await d.mailFor(email, 'signin-passwordless');
    const client = d.browser({ instance: 1 });
    for (const instance of [0, 1]) {
      const { searchParams } = await d.open(link, { instance });
      assert.deepEqual([...searchParams.keys()].sort(), ['mfaTicket', 'type']);
      await client.auth.verifySignInMfaTotp({ ticket: searchParams.get('mfaTicket'), otp: await app.code() });
    }
    await lives(client);
    await d.open(link);
    await ended(client);
  });

  it('is asked for after a mailed code', async () => {
    const { email, app } = await enrolled(d);
    await d.browser().auth.signInOTPEmail({ email });
    const { ticket: otp } = await d.mailFor(email, 'signin-otp');
    const client = d.browser({ instance: 1 });
    const { body } = await client.auth.verifySignInOTPEmail({ email, otp });
    assert.deepEqual(Object.keys(body), ['mfa']);
    assert.equal(client.getUserSession(), null);
    await client.auth.verifySignInMfaTotp({ ticket: body.mfa.ticket, otp: await app.code() });
    await lives(client);
  });
});
